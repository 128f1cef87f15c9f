import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { Fault } from '../fault/fault.ts';
import { baseEnvironment } from './users.ts';

export interface GitOptions {
  input?: string;
  /** bytes of output that are taken */
  most?: number;
}

export interface GitAnswer {
  code: number | null;
  out: Buffer;
  said: string;
}

/** The user programs run as; undefined for this process's own, which only tests are. */
export type RunAs = { uid: number; gid: number } | undefined;

const GIT = '/usr/bin/git';

/** Milliseconds a program may take: the repository is the user's, who may have put a pipe where a file was. */
const LONGEST = 10 * 60_000;

/** Programs on one repository of the guest user, run as that user: what is in it may be anything, and root follows none of it. */
export class GuestGitProgram {
  readonly #gitFolder: string;
  readonly #as: RunAs;

  constructor(gitFolder: string, as: RunAs) {
    this.#gitFolder = gitFolder;
    this.#as = as;
  }

  static get isThere(): boolean {
    return existsSync(GIT);
  }

  /** @throws Fault `exchange-refused` when git fails */
  async ask(args: readonly string[], options: GitOptions = {}): Promise<string> {
    const { code, out, said } = await this.call(args, options);
    if (code !== 0) throw new Fault('exchange-refused', `git failed in the guest: ${said.slice(0, 400)}`);
    return out.toString();
  }

  async call(args: readonly string[], options: GitOptions = {}): Promise<GitAnswer> {
    return await this.run(GIT, [...HARDENED, ...args], options);
  }

  /** A program that is not git, as the same user. */
  async run(program: string, args: readonly string[], options: GitOptions = {}): Promise<GitAnswer> {
    const { stdin, stdout, stderr, ended, stop } = this.#start(program, args);
    stdin.end(options.input ?? '');
    const most = options.most ?? 16 * 2 ** 20;
    const [out, said] = await Promise.all([gather(stdout, most, stop), gather(stderr, 64 * 1024, () => {})]);
    return { code: await ended, out, said: said.toString().trim() };
  }

  /** Its output as it comes. @throws Fault `exchange-refused` when git fails, after the output */
  async *flow(args: readonly string[], input: string): AsyncGenerator<Uint8Array> {
    const { stdin, stdout, stderr, ended, stop } = this.#start(GIT, [...HARDENED, ...args]);
    stdin.end(input);
    const said = gather(stderr, 64 * 1024, () => {});
    try {
      for await (const piece of stdout) yield piece as Uint8Array;
      if ((await ended) !== 0)
        throw new Fault(
          'exchange-refused',
          `git failed in the guest: ${(await said).toString().slice(0, 400)}`,
        );
    } finally {
      stop();
    }
  }

  #start(program: string, args: readonly string[]) {
    const child = spawn(program, args, {
      ...this.#as,
      cwd: '/',
      env: { ...baseEnvironment('portable'), ...QUIET, GIT_DIR: this.#gitFolder },
      stdio: 'pipe',
      timeout: LONGEST,
      killSignal: 'SIGKILL',
    });
    child.stdin.on('error', () => {});
    const ended = new Promise<number | null>((resolve) => {
      child.on('close', (code) => resolve(code));
      child.on('error', () => resolve(null));
    });
    const stop = () => void child.kill('SIGKILL');
    return {
      stdin: child.stdin as Writable,
      stdout: child.stdout as Readable,
      stderr: child.stderr as Readable,
      ended,
      stop,
    };
  }
}

const HARDENED = [
  '--no-pager',
  ...['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'protocol.allow=never', 'gc.auto=0'].flatMap(
    (setting) => ['-c', setting],
  ),
];

const QUIET = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_NO_REPLACE_OBJECTS: '1',
};

async function gather(source: Readable, most: number, tooMuch: () => void): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of source) {
    size += (piece as Buffer).length;
    if (size <= most) pieces.push(piece as Buffer);
    else tooMuch();
  }
  return Buffer.concat(pieces);
}
