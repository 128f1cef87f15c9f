import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: string;
}

export interface RunOptions {
  cwd?: string;
  input?: string | Uint8Array;
  env?: Record<string, string>;
  /** the portable folder whose launcher is used */
  root?: string;
}

/** A state folder of its own, so that a test's machine is nobody else's, and a project. Everything is ended and removed at the end. */
export interface Scene {
  state: string;
  project: string;
  pcoder(args: string[], options?: RunOptions): Promise<Outcome>;
  /** the same, but handed over while it runs */
  start(args: string[], options?: RunOptions): Under;
  status(): Promise<Status>;
  file(path: string): Promise<string>;
  put(path: string, content: string | Uint8Array): Promise<void>;
}

export interface Status {
  state: string;
  reason?: string;
  run?: { pid: number; accelerator: string; start: string };
  supervisor?: { pid: number };
  guest?: { pid: number; resident: number };
  sshPort?: number;
  sessions?: { id: string; state: string }[];
  notes?: string[];
}

export interface Under {
  pid: number;
  stdin: NodeJS.WritableStream;
  kill(signal: NodeJS.Signals): void;
  /** what has been printed so far */
  stderr(): string;
  stdout(): Buffer;
  done: Promise<Outcome>;
}

export async function makeScene(
  options: { state?: string; root?: string } = {},
): Promise<Scene & AsyncDisposable> {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'pcoder-e2e-')));
  const state = options.state ?? join(home, 'state');
  const project = join(home, 'project');
  await mkdir(project, { recursive: true });
  await shareChecks(state);
  // A second guest at the side would take half of a small host from the test that has nothing to do with it.
  if (options.state === undefined) {
    await mkdir(state, { recursive: true });
    await writeFile(join(state, 'settings.json'), JSON.stringify({ golden: false }));
  }
  const scene = sceneAt(state, project, options.root ?? ROOT);
  return {
    ...scene,
    async [Symbol.asyncDispose]() {
      await scene.pcoder(['stop']);
      await noProcessLeft(state);
      await rm(home, { recursive: true, force: true });
    },
  };
}

export function sceneAt(state: string, project: string, root: string): Scene {
  const start = (args: string[], options: RunOptions = {}) =>
    startPcoder(options.root ?? root, state, args, { cwd: project, ...options });
  const pcoder = (args: string[], options: RunOptions = {}) => start(args, { input: '', ...options }).done;
  return {
    state,
    project,
    start,
    pcoder,
    async status() {
      const { stdout, stderr, code } = await pcoder(['status', '--json']);
      if (code !== 0) throw new Error(`status ended with ${code}: ${stderr}${stdout}`);
      return JSON.parse(stdout.toString());
    },
    file: (path) => readFile(join(project, path), 'utf8'),
    async put(path, content) {
      await mkdir(dirname(join(project, path)), { recursive: true });
      await writeFile(join(project, path), content);
    },
  };
}

/** Verified digests and the accelerator's verdict hold for every state folder of this host: without them each test would prove them anew. */
export async function shareChecks(state: string): Promise<void> {
  const from = join(process.env['PCODER_STATE'] ?? join(ROOT, 'state'), 'cache');
  for (const name of ['verified', 'accelerator.json']) {
    await cp(join(from, name), join(state, 'cache', name), { recursive: true }).catch(() => {});
  }
}

function startPcoder(root: string, state: string, args: string[], options: RunOptions): Under {
  const child = spawn(join(root, 'pcoder'), args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env, PCODER_STATE: state },
    stdio: 'pipe',
  });
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.on('error', () => {});
  if (options.input !== undefined) child.stdin.end(options.input);
  const done = once(child, 'close').then(([code, signal]) => ({
    code,
    signal,
    stdout: Buffer.concat(stdout),
    stderr,
  }));
  return {
    pid: child.pid ?? 0,
    stdin: child.stdin,
    kill: (signal) => void child.kill(signal),
    stderr: () => stderr,
    stdout: () => Buffer.concat(stdout),
    done,
  };
}

/** Waits until something holds. @throws Error naming it when it does not in time */
export async function until(
  what: string,
  holds: () => Promise<boolean> | boolean,
  within = 120_000,
): Promise<void> {
  const deadline = Date.now() + within;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`it did not happen in time: ${what}`);
    await sleep(20);
  }
}

/** Processes whose command line names this state folder. */
export async function processesOf(state: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const command = (await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
    if (command.includes(state)) found.push(`${entry} ${command.slice(0, 200)}`);
  }
  return found;
}

/** @throws Error when a process of this state folder stays */
export async function noProcessLeft(state: string): Promise<void> {
  let left: string[] = [];
  await until(
    `no process of ${state} is left`,
    async () => {
      left = await processesOf(state);
      return left.length === 0;
    },
    20_000,
  ).catch(() => {
    for (const line of left) process.kill(Number(line.split(' ')[0]), 'SIGKILL');
    throw new Error(`processes were left and have been killed: ${left.join('; ')}`);
  });
}
