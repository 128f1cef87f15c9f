import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Fault } from '../src/fault/fault.ts';

export interface TimedProgram {
  file: string;
  args: readonly string[];
  cwd?: string;
  env?: Record<string, string>;
  /** the file it reads; it gets the file itself, as from a shell's `<`, not our copy of it through a pipe */
  input?: string;
}

/** Milliseconds after which something has gone wrong: 256 MiB by the slowest way measured took 25 s. */
const LONGEST = 600_000;

/**
 * Runs a program to its end, its output thrown away, and gives the milliseconds it took from being started to having ended.
 * @throws Fault `check-failed` with its last words, `prerequisite-missing`, `interrupted`
 */
export async function timed(program: TimedProgram, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  const { LD_PRELOAD: _, ...env } = { ...process.env, ...program.env };
  const input = program.input === undefined ? undefined : await open(program.input, 'r');
  try {
    const started = performance.now();
    const child = spawn(program.file, program.args, {
      cwd: program.cwd ?? '/',
      env,
      stdio: [input?.fd ?? 'ignore', 'ignore', 'pipe'],
      timeout: LONGEST,
      signal,
    });
    const said = child.stderr === null ? '' : text(child.stderr).catch(() => '');
    const ending = await new Promise<string | undefined>((resolve, reject) => {
      child.on('error', (error) => {
        if (signal.aborted) return;
        reject(new Fault('prerequisite-missing', `${program.file} could not be started`, { cause: error }));
      });
      child.on('exit', (code, by) => resolve(code === 0 ? undefined : String(code ?? by)));
    });
    const took = performance.now() - started;
    if (ending === undefined) return took;
    if (signal.aborted) throw new Fault('interrupted', 'interrupted');
    const words = (await said).trim().split('\n').slice(-4).join(' ');
    throw new Fault('check-failed', `${program.args.slice(-4).join(' ')} ended with ${ending}`, {
      cause: new Error(words === '' ? 'it said nothing' : words),
    });
  } finally {
    await input?.close();
  }
}
