import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Reach, realReach } from '../../src/bundle/fetch/reach.ts';
import { Fault } from '../../src/fault/fault.ts';
import { readyMmdebstrap } from '../../src/image/prerequisites.ts';
import { chooseSuite } from '../../src/image/suite.ts';
import { scratch } from '../bundle/scratch.ts';

const signal = new AbortController().signal;
const quiet = () => {};

test('an ordinary user without mmdebstrap is told the one command', async (context) => {
  const reach = await hostWith(context, []);
  await assert.rejects(readyMmdebstrap(false, reach, quiet, signal), {
    code: 'prerequisite-missing',
    hint: 'sudo apt-get install -y mmdebstrap uidmap',
  });
});

test('root gets mmdebstrap installed, after a refresh of the package lists if need be', async (context) => {
  const calls: string[] = [];
  const run: Reach['run'] = async (file, args) => {
    calls.push(`${file} ${args[0]}`);
    if (calls.length === 1) throw new Fault('build-failed', 'Unable to locate package');
    return '';
  };
  assert.equal(await readyMmdebstrap(true, { ...(await hostWith(context, [])), run }, quiet, signal), 'root');
  assert.deepEqual(calls, ['apt-get install', 'apt-get update', 'apt-get install']);
});

test('what is there is not installed again', async (context) => {
  const reach = await hostWith(context, ['mmdebstrap']);
  assert.equal(await readyMmdebstrap(true, { ...reach, run: () => assert.fail() }, quiet, signal), 'root');
});

test('Ubuntu is chosen where its archive is known, else Debian', async () => {
  const knows = (address: string): Reach => ({ ...realReach, env: {}, run: async () => address });
  assert.equal(await chooseSuite(knows('http://m.test/ubuntu/'), quiet, signal), 'ubuntu-24.04');
  assert.equal(await chooseSuite(knows('http://m.test/debian/'), quiet, signal), 'debian-13');
  assert.equal(
    await chooseSuite({ ...realReach, env: { PCODER_UBUNTU_MIRROR: 'http://m.test/u' } }, quiet, signal),
    'ubuntu-24.04',
  );
  assert.equal(
    await chooseSuite({ ...realReach, env: { PCODER_IMAGE_SUITE: 'debian-13' } }, quiet, signal),
    'debian-13',
  );
});

async function hostWith(context: Parameters<typeof scratch>[0], programs: string[]): Promise<Reach> {
  const folder = await scratch(context);
  for (const name of programs) {
    await writeFile(join(folder, name), '#!/bin/sh\n');
    await chmod(join(folder, name), 0o755);
  }
  return { ...realReach, env: { PATH: folder } };
}
