import { execa } from 'execa';
import { Fault, systemCode } from '../fault/fault.ts';

export interface RunOptions {
  cwd?: string;
  /** added to this process's environment; undefined removes a name */
  env?: Record<string, string | undefined>;
  /** a file the program's standard output goes to; then the result is empty */
  outputFile?: string;
  /** called with each line of standard error */
  onErrorLine?: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/** Runs a program to its end and gives its standard output as text. Tests pass their own. */
export type RunProgram = (file: string, args: readonly string[], options?: RunOptions) => Promise<string>;

/**
 * The real one.
 * @throws Fault `prerequisite-missing` when the program is not there, `interrupted`, `build-failed` with the program's last words
 */
export const runProgram: RunProgram = async (file, args, options = {}) => {
  const child = execa(file, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { LC_ALL: 'C.UTF-8', LD_PRELOAD: undefined, ...options.env },
    stdin: 'ignore',
    stdout: options.outputFile === undefined ? 'pipe' : { file: options.outputFile },
    maxBuffer: 64 << 20,
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
    forceKillAfterDelay: 5000,
    reject: false,
  });
  if (options.onErrorLine !== undefined) {
    for await (const line of child.iterable({ from: 'stderr' })) options.onErrorLine(line);
  }
  const result = await child;
  if (!result.failed) return options.outputFile === undefined ? String(result.stdout ?? '') : '';
  if (result.isCanceled) throw new Fault('interrupted', `${file} was interrupted`);
  if (systemCode(result.cause) === 'ENOENT') {
    throw new Fault('prerequisite-missing', `${file} is not installed here`, { cause: result.cause });
  }
  const lastWords = String(result.stderr ?? '')
    .trim()
    .split('\n')
    .slice(-8)
    .join('\n');
  throw new Fault(
    'build-failed',
    `${file} ${args[0] ?? ''} failed (${result.exitCode ?? result.signal ?? 'not started'})`,
    {
      cause: new Error(lastWords),
    },
  );
};
