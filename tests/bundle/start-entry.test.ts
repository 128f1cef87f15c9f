import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';
import { stampOfSources } from '../../src/bundle/sources-stamp.cjs';
import { SOURCES } from '../../src/bundle/start-entry.ts';
import { makeStartupSnapshot } from '../../src/bundle/startup-snapshot.ts';
import { hostSystem } from '../../src/platform/host.ts';
import { scratch } from './scratch.ts';

const LINUX = hostSystem() === 'linux' && arch() === 'x64';
const skip = LINUX ? false : 'snapshots are made on Linux x64 only';

test('a snapshot runs its entry while the sources are those it was made of, and hands over to others', {
  skip,
}, async (context) => {
  const root = await scratch(context);
  const home = join(root, 'node_modules/.pcoder');
  for (const folder of ['src', 'image', 'node_modules/.pcoder'])
    await mkdir(join(root, folder), { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) await writeFile(join(root, name), '{}');
  await writeFile(join(root, 'src/start.cjs'), "console.log('sources', process.argv.slice(2).join(' '));");
  const entry = join(import.meta.dirname, '../../src/bundle/start-entry.ts');
  await build({
    stdin: {
      contents: `import { startEntry } from ${JSON.stringify(entry)};
        startEntry(() => console.log('snapshot', process.argv.slice(2).join(' '), globalThis.pcoderProgram));`,
      resolveDir: root,
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    outfile: join(home, 'entry.cjs'),
    logLevel: 'silent',
  });
  const made = await makeStartupSnapshot(home, 'entry.cjs', 'entry.blob', {
    [SOURCES]: stampOfSources(root),
  });
  assert.equal(made, true);
  const flags = ['--no-warnings', '--snapshot-blob', join(home, 'entry.blob')];
  const start = () =>
    spawnSync(process.execPath, [...flags, join(root, 'src/start.cjs'), 'cli', 'a', '--b'], {
      encoding: 'utf8',
    });
  assert.equal(start().stdout, `snapshot a --b ${join(home, 'program.cjs')}\n`);
  await writeFile(join(root, 'src/new.ts'), '');
  assert.equal(start().stdout, 'sources cli a --b\n');
});
