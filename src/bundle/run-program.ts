import { execa } from 'execa';
import { Fault, systemCode } from '../fault/fault.ts';

export interface RunOptions {
  /** what messages call it, where the program is started through another */
  name?: string;
  cwd?: string;
  /** added to this process's environment; undefined removes a name */
  env?: Record<string, string | undefined>;
  /** a file the program's standard output goes to; then the result is empty */
  outputFile?: string;
  signal?: AbortSignal | undefined;
}

/** Runs a program to its end and gives its standard output as text. Tests pass their own. */
export type RunProgram = (file: string, args: readonly string[], options?: RunOptions) => Promise<string>;

/**
 * The real one.
 * @throws Fault `prerequisite-missing` when the program is not there, `interrupted`, `disk-full`, `build-failed` with the program's last words
 */
export const runProgram: RunProgram = async (file, args, options = {}) => {
  const name = options.name ?? file;
  const result = await execa(file, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { LC_ALL: 'C.UTF-8', LD_PRELOAD: undefined, ...options.env },
    stdin: 'ignore',
    stdout: options.outputFile === undefined ? 'pipe' : { file: options.outputFile },
    maxBuffer: 64 << 20,
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    forceKillAfterDelay: 5000,
    reject: false,
  });
  if (!result.failed) return options.outputFile === undefined ? String(result.stdout ?? '') : '';
  // A Ctrl-C reaches the whole foreground group: the child may have died of it before we said so.
  if (result.isCanceled || options.signal?.aborted || result.signal === 'SIGINT') {
    throw new Fault('interrupted', `${name} was interrupted`);
  }
  if (systemCode(result.cause) === 'ENOENT') {
    throw new Fault('prerequisite-missing', `${file} is not installed here`, { cause: result.cause });
  }
  const lastWords = String(result.stderr ?? '')
    .trim()
    .split('\n')
    .slice(-8)
    .join('\n');
  const cause = new Error(lastWords);
  if (/No space left on device|Disk quota exceeded/.test(lastWords)) {
    throw new Fault('disk-full', `${name} found no space left`, {
      cause,
      hint: 'free some space and run the same command again',
    });
  }
  const how = result.exitCode ?? result.signal ?? 'not started';
  throw new Fault('build-failed', `${name} failed (${how})`, { cause });
};
