// Starts an entry of the program: `node src/start.cjs cli|supervisor arguments…`.
//
// The one file that is not TypeScript: it decides whether types must be stripped at all. The program's 200 modules and their libraries take
// 110 ms and 120 MB to load one by one; as one file each entry takes a third of both. So the sources are bundled when they have changed, and
// the sources themselves run where that cannot be (read-only folder, no bundler). PCODER_SOURCE=1 always runs the sources.
// CommonJS, like the bundles, because its loader is ready 10 ms earlier and loads Node's own modules only when they are first used.
'use strict';
const { readdirSync, readFileSync, statSync } = require('node:fs');
const { enableCompileCache } = require('node:module');
const { join } = require('node:path');

const ENTRIES = { cli: './cli/main.ts', supervisor: './supervisor/main.ts' };

const root = join(__dirname, '..');
const home = join(root, 'node_modules', '.pcoder');
const [entry] = process.argv.splice(2, 1);

enableCompileCache(join(home, 'compile'));
if (process.env.PCODER_SOURCE === '1') void import(ENTRIES[entry]);
else start();

function start() {
  const sources = stampOfSources();
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

/** Count, sizes and times of everything that is bundled, added up: two milliseconds, where digesting it would take ten times that. */
function stampOfSources() {
  let count = 0;
  let bytes = 0;
  let newest = 0;
  let times = 0;
  for (const folder of ['src', 'image']) addFolder(join(root, folder));
  add(join(root, 'package.json'));
  add(join(root, 'package-lock.json'));
  return `${count} ${bytes} ${newest} ${times}`;

  function addFolder(folder) {
    for (const found of readdirSync(folder, { withFileTypes: true })) {
      if (found.isDirectory()) addFolder(`${folder}/${found.name}`);
      else add(`${folder}/${found.name}`);
    }
  }

  function add(path) {
    const { size, mtimeMs } = statSync(path);
    count++;
    bytes += size;
    times += mtimeMs % 1e9;
    if (mtimeMs > newest) newest = mtimeMs;
  }
}
