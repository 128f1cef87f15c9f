import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeStartupSnapshot } from '../../src/bundle/startup-snapshot.ts';
import { hostSystem } from '../../src/platform/host.ts';
import { scratch } from './scratch.ts';

const LINUX = hostSystem() === 'linux' && arch() === 'x64';
const skip = LINUX ? false : 'snapshots are made on Linux x64 only';

test('a snapshot starts the daemon it was made of, under other flags too', { skip }, async (context) => {
  const home = await scratch(context);
  const source =
    "require('node:v8').startupSnapshot.setDeserializeMainFunction(() => console.log('served'));";
  await writeFile(join(home, 'agentd-AB12.cjs'), source);
  assert.equal(await makeStartupSnapshot(home, 'agentd-AB12.cjs', 'agentd-AB12.blob'), true);
  const flags = ['--no-opt', '--max-semi-space-size=1', '--snapshot-blob', join(home, 'agentd-AB12.blob')];
  assert.equal(spawnSync(process.execPath, flags, { encoding: 'utf8' }).stdout, 'served\n');
  assert.deepEqual((await readdir(home)).sort(), ['agentd-AB12.blob', 'agentd-AB12.cjs']);
});

test('a daemon no snapshot can be made of has none, and nothing is left behind', async (context) => {
  const home = await scratch(context);
  await writeFile(join(home, 'agentd-X.cjs'), 'throw new Error("not here")');
  assert.equal(await makeStartupSnapshot(home, 'agentd-X.cjs', 'agentd-X.blob'), false);
  assert.deepEqual(await readdir(home), ['agentd-X.cjs']);
});
