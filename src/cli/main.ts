import { locateFolder } from '../bundle/locate.ts';
import { invoke } from './invoke.ts';

process.exitCode = await invoke(process.argv.slice(2), {
  folder: locateFolder(),
  cwd: process.cwd(),
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
