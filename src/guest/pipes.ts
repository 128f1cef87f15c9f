import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import type { ExecRequest } from '../channel/messages/exec.ts';
import { Fault } from '../fault/fault.ts';
import { flow } from './flow.ts';
import type { PipePool, ProgramPipe } from './pipe-pool.ts';
import type { Output, Running } from './running.ts';
import { identity } from './users.ts';

/** Starts a program with its input and output on pipes of its own, in its own process group. */
export async function startOnPipes(
  request: ExecRequest,
  env: Record<string, string>,
  output: Output,
  pool: PipePool,
): Promise<Running> {
  const pipes = [pool.toProgram(), pool.fromProgram(), pool.fromProgram()] as const;
  const [stdin, stdout, stderr] = pipes;
  const child = spawnOn(pipes, request, env);
  const input = stdin.ours;
  // A program that reads no input closes its end: not an error of ours.
  input.on('error', () => {});
  const { promise: exited, resolve } = Promise.withResolvers<{
    code: number | null;
    signal: string | null;
  }>();
  child.on('exit', (code, signal) => resolve({ code, signal }));
  try {
    await once(child, 'spawn');
  } catch (error) {
    for (const { ours } of pipes) ours.destroy();
    throw new Fault('command-not-startable', `${request.argv[0]} could not be started`, { cause: error });
  }
  const flows = [flow(stdout.ours, 0, output), flow(stderr.ours, 1, output)];
  return {
    pid: child.pid ?? 0,
    input: (chunk) => new Promise((done) => (input.writable ? input.write(chunk, () => done()) : done())),
    endInput: () => input.end(),
    resize: () => {},
    finished: exited.then(async (exit) => {
      input.destroy();
      await Promise.all(flows.map((each) => each.finish()));
      return exit;
    }),
  };
}

/** The program's ends are its own once it runs, and nobody's when it cannot be started (an argument with a NUL, say). */
function spawnOn(
  pipes: readonly ProgramPipe[],
  request: ExecRequest,
  env: Record<string, string>,
): ChildProcess {
  const [program = '', ...args] = request.argv;
  try {
    return spawn(program, args, {
      ...identity(request.user),
      cwd: request.cwd,
      env,
      stdio: pipes.map(({ theirs }) => theirs),
      detached: true,
    });
  } catch (error) {
    for (const { ours } of pipes) ours.destroy();
    throw error;
  } finally {
    for (const { theirs } of pipes) closeSync(theirs);
  }
}
