import { statSync } from 'node:fs';
import * as z from 'zod/mini';
import type { ChannelStream } from '../channel/channel-stream.ts';
import { ExecControl, type ExecEvent, type ExecRequest } from '../channel/messages/exec.ts';
import { Fault } from '../fault/fault.ts';
import type { PipePool } from './pipe-pool.ts';
import { startOnPipes } from './pipes.ts';
import { makeFolders } from './place.ts';
import type { Output, Running } from './running.ts';
import { startOnTerminal } from './terminal.ts';
import { baseEnvironment, PROJECTS } from './users.ts';

/** Milliseconds a program gets between the hang-up and the kill when its host side is gone. */
const HANG_UP_GRACE = 2000;

const underWay = new Set<Running>();

/** Runs one program, not before the guest is ready for it, and speaks the `exec` conversation until it has ended. */
export async function exec(
  request: ExecRequest,
  stream: ChannelStream,
  pool: PipePool,
  ready: () => Promise<void> = async () => {},
): Promise<void> {
  // A session that exchanges nothing may be the first on its project.
  if (request.cwd.startsWith(PROJECTS)) makeFolders(request.cwd);
  const env = { ...baseEnvironment(request.user), ...request.env };
  assertStartable(request, env['PATH'] ?? '');
  const output: Output = (chunk, lane) => stream.write(chunk, lane);
  await ready();
  const running = await (request.terminal === undefined
    ? startOnPipes(request, env, output, pool)
    : startOnTerminal(request, request.terminal, env, output));
  underWay.add(running);
  let over = false;
  stream.listen({
    message: (value) => control(value, running, stream),
    data: (chunk) => {
      running.input(chunk).then(() => stream.consumed(chunk.byteLength));
    },
    end: () => running.endInput(),
    closed: () => {
      if (!over) hangUp(running.pid);
    },
  });
  stream.send({ type: 'started', pid: running.pid } satisfies ExecEvent);
  const { code, signal } = await running.finished;
  over = true;
  underWay.delete(running);
  stream.send({ type: 'exit', code, signal } satisfies ExecEvent);
  stream.end();
}

/** Hangs up on every program of a session and waits for their ends. */
export async function endPrograms(): Promise<void> {
  const all = [...underWay];
  for (const { pid } of all) hangUp(pid);
  await Promise.all(all.map(({ finished }) => finished));
}

/** Signals a program and all it started in its own process group. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Already gone: the exit event says so.
  }
}

function control(value: unknown, running: Running, stream: ChannelStream): void {
  const parsed = z.safeParse(ExecControl, value);
  if (!parsed.success)
    return stream.reset(new Fault('protocol-violation', 'an exec control message does not fit'));
  if (parsed.data.type === 'signal') signalGroup(running.pid, parsed.data.signal);
  else running.resize(parsed.data.size.rows, parsed.data.size.columns);
}

function hangUp(pid: number): void {
  signalGroup(pid, 'SIGHUP');
  setTimeout(() => signalGroup(pid, 'SIGKILL'), HANG_UP_GRACE);
}

/** Node reports a missing program and a missing folder alike; people need to know which. */
function assertStartable(request: ExecRequest, path: string): void {
  const [program = ''] = request.argv;
  if (!isFolder(request.cwd))
    throw new Fault('command-not-startable', `the guest has no folder ${request.cwd}`);
  const candidates = program.includes('/')
    ? [program.startsWith('/') ? program : `${request.cwd}/${program}`]
    : path.split(':').map((folder) => `${folder}/${program}`);
  if (candidates.some(isProgram)) return;
  throw new Fault('command-not-startable', `the guest has no program ${program}`, {
    hint: 'pcoder exec -- sh -c "echo $PATH" shows where the guest looks; pcoder shell opens a shell there',
  });
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isProgram(path: string): boolean {
  // Asked without exceptions: each would cost the first command of a resumed guest a millisecond.
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && (found.mode & 0o111) !== 0;
}
