import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { stateNames } from '../bundle/folder.ts';
import { locateFolder } from '../bundle/locate.ts';

const folder = locateFolder();
// Saves the work of stripping types and compiling; where the folder cannot be written it is simply not used.
enableCompileCache(join(stateNames(folder).cache, 'compile'));

const { run } = await import('@stricli/core');
const { application } = await import('./application.ts');

let code: number | undefined;
await run(application, process.argv.slice(2), {
  process: { stdout: process.stdout, stderr: process.stderr, env: process.env },
  folder,
  cwd: process.cwd(),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  setExitCode: (given) => {
    code = given;
  },
});
const outcome = code ?? Number(process.exitCode ?? 0);
// The framework's own codes are negative: all of them mean that the command line was not understood.
process.exitCode = outcome < 0 ? 2 : outcome;
