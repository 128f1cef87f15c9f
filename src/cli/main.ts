import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { stateNames } from '../bundle/folder.ts';
import { locateFolder } from '../bundle/locate.ts';

const folder = locateFolder();
// Saves the work of stripping types and compiling; where the folder cannot be written it is simply not used.
enableCompileCache(join(stateNames(folder).cache, 'compile'));

const { invoke } = await import('./invoke.ts');

process.exitCode = await invoke(process.argv.slice(2), {
  folder,
  cwd: process.cwd(),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
