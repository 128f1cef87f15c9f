import { locateFolder } from '../bundle/locate.ts';
import { startEntry } from '../bundle/start-entry.ts';
import { invoke } from './invoke.ts';

// No top-level await: the one-file form is CommonJS.
startEntry(() => {
  void invoke(process.argv.slice(2), {
    folder: locateFolder(),
    cwd: process.cwd(),
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
  }).then((code) => {
    process.exitCode = code;
  });
});
