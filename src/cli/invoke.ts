import { run } from '@stricli/core';
import { EXIT } from '../fault/codes.ts';
import { application } from './application.ts';
import type { Context } from './context.ts';

/** Runs one command line. @returns its exit code */
export async function invoke(
  words: readonly string[],
  around: Omit<Context, 'process' | 'setExitCode'>,
): Promise<number> {
  let code: number | undefined;
  // The framework leaves its own verdict here; the real process is not its business.
  const host: {
    stdout: Context['stdout'];
    stderr: Context['stderr'];
    env: Context['env'];
    exitCode?: number | string | null;
  } = {
    stdout: around.stdout,
    stderr: around.stderr,
    env: around.env,
  };
  await run(application, words, {
    ...around,
    process: host,
    setExitCode: (given) => {
      code = given;
    },
  });
  const outcome = code ?? Number(host.exitCode ?? EXIT.ok);
  // The framework's own codes are negative: all of them mean that the command line was not understood.
  return outcome < 0 ? EXIT.usage : outcome;
}
