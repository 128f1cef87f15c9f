// Starts an entry of the program: `node src/start.mjs cli|supervisor arguments…`.
//
// The one file that is not TypeScript: it decides whether types must be stripped at all. The program's 200 modules and their libraries take
// 110 ms and 120 MB to load one by one; as one file each entry takes a third of both. So the sources are bundled when they have changed, and
// the sources themselves run where that cannot be (read-only folder, no bundler). PCODER_SOURCE=1 always runs the sources.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const ENTRIES = { cli: './cli/main.ts', supervisor: './supervisor/main.ts' };

const root = fileURLToPath(new URL('..', import.meta.url));
const home = `${root}node_modules/.pcoder/`;
const [entry] = process.argv.splice(2, 1);

enableCompileCache(`${home}compile`);
await import((await bundled()) ?? ENTRIES[entry]);

/** The URL of the entry's one-file form, made now if it is not that of these sources; undefined when there is none. */
async function bundled() {
  if (process.env.PCODER_SOURCE === '1') return undefined;
  const sources = digestOfSources();
  try {
    const program = readProgram();
    if (program?.sources === sources) return new URL(`../node_modules/.pcoder/${program.files[entry]}`, import.meta.url);
    const { buildProgram } = await import('./bundle/program-build.ts');
    const files = await buildProgram(root, home, sources);
    return new URL(`../node_modules/.pcoder/${files[entry]}`, import.meta.url);
  } catch {
    return undefined;
  }
}

function readProgram() {
  try {
    return JSON.parse(readFileSync(`${home}program.json`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Over name, size and time of everything that is bundled: a few milliseconds, where reading it would take ten times that. */
function digestOfSources() {
  const hash = createHash('sha256');
  for (const folder of ['src', 'image']) {
    for (const file of readdirSync(`${root}${folder}`, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) add(`${file.parentPath}/${file.name}`);
    }
  }
  add(`${root}package.json`);
  add(`${root}package-lock.json`);
  return hash.digest('hex');

  function add(path) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path.slice(root.length)} ${size} ${mtimeMs}\n`);
  }
}
