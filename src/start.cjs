// Starts an entry of the program: `node src/start.cjs cli|supervisor arguments…`.
//
// It and the stamp of the sources are all that is not TypeScript: it decides whether types must be stripped at all. The program's 200 modules and their libraries take
// 110 ms and 120 MB to load one by one; as one file each entry takes a third of both. So the sources are bundled when they have changed, and
// the sources themselves run where that cannot be (read-only folder, no bundler). PCODER_SOURCE=1 always runs the sources.
// Where there is a start-up snapshot of an entry (bundle/start-entry.ts), `pcoder` begins with that and this file is only named; it runs when the
// snapshot finds other sources than it was made of.
// CommonJS, like the bundles, because its loader is ready 10 ms earlier and loads Node's own modules only when they are first used.
'use strict';
const { readFileSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { join } = require('node:path');
const { stampOfSources } = require('./bundle/sources-stamp.cjs');

const ENTRIES = { cli: './cli/main.ts', supervisor: './supervisor/main.ts' };

const root = join(__dirname, '..');
const home = join(root, 'node_modules', '.pcoder');
const [entry] = process.argv.splice(2, 1);

enableCompileCache(join(home, 'compile'));
if (process.env.PCODER_SOURCE === '1') void import(ENTRIES[entry]);
else start();

function start() {
  const sources = stampOfSources(root);
  const program = readProgram();
  if (program?.sources === sources) require(join(home, program.files[entry]));
  else void rebuild(sources);
}

async function rebuild(sources) {
  const files = await import('./bundle/program-build.ts')
    .then(({ buildProgram }) => buildProgram(root, home, sources))
    .catch((error) => {
      if (process.env.PCODER_DEBUG !== undefined) console.error(`running from source: ${error.message}`);
      return undefined;
    });
  if (files === undefined) await import(ENTRIES[entry]);
  else require(join(home, files[entry]));
}

function readProgram() {
  try {
    return JSON.parse(readFileSync(join(home, 'program.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
