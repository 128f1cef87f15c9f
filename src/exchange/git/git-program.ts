import { dirname } from 'node:path';
import { execa } from 'execa';
import { Fault } from '../../fault/fault.ts';
import { visible } from '../../fault/visible.ts';
import { findProgram } from '../../platform/program-path.ts';
import { feed } from './feed.ts';
import { GIT_LIMITS } from './limits.ts';
import { GitRefusal } from './refusal.ts';

export interface GitCall {
  /** for stdin */
  input?: string | AsyncIterable<Uint8Array> | { file: string };
  env?: Record<string, string>;
  /** milliseconds, default that of a question */
  deadline?: number;
  /** bytes of output that are taken, default 64 MiB */
  most?: number;
  signal?: AbortSignal | undefined;
}

export interface GitAnswer {
  /** undefined when it was killed: by the deadline, a limit or its own crash */
  code: number | undefined;
  out: Buffer;
  /** its last words, safe to show */
  said: string;
}

/**
 * The host's own git on one folder. Whatever the user's or the repository's configuration says: no hook, no monitor, no pager, no prompt, no
 * network, no lock that is not needed, no replaced or grafted objects.
 */
export class GitProgram {
  readonly file: string;
  readonly #folder: string;
  readonly #env: Record<string, string>;

  constructor(file: string, folder: string, env: Record<string, string> = {}) {
    this.file = file;
    this.#folder = folder;
    this.#env = env;
  }

  /** The same program with more in its environment. */
  with(env: Record<string, string>): GitProgram {
    return new GitProgram(this.file, this.#folder, { ...this.#env, ...env });
  }

  /** Runs it, whatever its exit code. @throws Fault `interrupted` */
  async call(args: readonly string[], options: GitCall = {}): Promise<GitAnswer> {
    const { input = '', signal } = options;
    const isFlow = typeof input === 'object' && Symbol.asyncIterator in input;
    const running = execa(this.file, [...HARDENED, ...args], {
      cwd: this.#folder,
      extendEnv: false,
      env: { ...inherited(), ...QUIET, ...this.#env, ...options.env },
      ...(typeof input === 'string' ? { input } : { stdin: isFlow ? 'pipe' : input }),
      encoding: 'buffer',
      maxBuffer: options.most ?? 64 << 20,
      timeout: options.deadline ?? GIT_LIMITS.question,
      forceKillAfterDelay: 2000,
      reject: false,
      stripFinalNewline: false,
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    });
    const fed = isFlow && running.stdin !== null ? feed(input, running.stdin) : undefined;
    const result = await running;
    // What went wrong with the input is the reason, and git's complaint only what followed.
    await fed?.end();
    if (result.isCanceled) throw new Fault('interrupted', 'git was interrupted');
    return {
      code: result.isMaxBuffer || result.timedOut ? undefined : result.exitCode,
      out: Buffer.from(result.stdout),
      said: lastWords(Buffer.from(result.stderr).toString()),
    };
  }

  /** Runs it and gives its output. @throws GitRefusal when it fails */
  async ask(args: readonly string[], options: GitCall = {}): Promise<Buffer> {
    const { code, out, said } = await this.call(args, options);
    if (code === 0) return out;
    const verb = args.find((word) => /^[a-z]/.test(word)) ?? 'git';
    throw new GitRefusal(said === '' ? `git ${verb} failed on the host` : `git ${verb}: ${said}`);
  }
}

/** @throws GitRefusal when the host has no git, or one too old to be held to what is asked of it */
export async function findGit(root: string): Promise<GitProgram> {
  const file = await findProgram('git', { outside: root });
  if (file === undefined) throw new GitRefusal('this host has no git');
  return new GitProgram(file, root, { GIT_CEILING_DIRECTORIES: dirname(root) });
}

const versions = new Map<string, Promise<[number, number]>>();

/** Major and minor version, asked once of each program. @throws GitRefusal */
export function gitVersion(git: GitProgram): Promise<[number, number]> {
  const known = versions.get(git.file);
  if (known !== undefined) return known;
  const asked = askVersion(git);
  versions.set(git.file, asked);
  asked.catch(() => versions.delete(git.file));
  return asked;
}

async function askVersion(git: GitProgram): Promise<[number, number]> {
  const found = /^git version (\d+)\.(\d+)/.exec((await git.ask(['version'])).toString());
  if (found === null) throw new GitRefusal("the host's git does not tell its version");
  return [Number(found[1]), Number(found[2])];
}

/** The configuration that wins over every file. */
const HARDENED = [
  '--no-pager',
  '--no-optional-locks',
  ...[
    'advice.graftFileDeprecated=false',
    'core.hooksPath=/dev/null',
    'core.fsmonitor=false',
    'core.untrackedCache=false',
    'core.logAllRefUpdates=false',
    'core.fsync=committed',
    // Before git 2.38 the ceiling and the check of the top folder have to do.
    'safe.bareRepository=explicit',
    'protocol.allow=never',
    'credential.helper=',
    'gc.auto=0',
    'maintenance.auto=false',
    'submodule.recurse=false',
  ].flatMap((setting) => ['-c', setting]),
] as const;

const QUIET = {
  LC_ALL: 'C.UTF-8',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TERMINAL_PROMPT: '0',
  // Wins over `protocol.https.allow` of a user: a missing object must not send git to the network.
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_GRAFT_FILE: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
};

/** Nothing named GIT_*: a variable of the user's shell would move the repository. */
function inherited(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of ['PATH', 'HOME', 'USERPROFILE', 'SYSTEMROOT', 'TMPDIR', 'TEMP', 'TMP']) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}

function lastWords(said: string): string {
  const lines = said
    .split('\n')
    .map((line) => line.replace(/^(fatal|error): /, '').trim())
    .filter((line) => line !== '' && !line.startsWith('hint:'));
  return visible(lines.slice(0, 2).join('; '), 400);
}
