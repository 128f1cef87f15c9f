import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { integrityDigest } from '../../../src/bundle/fetch/digest.ts';
import { npmRegistry, npmRequest } from '../../../src/bundle/fetch/npm.ts';
import { type Reach, realReach } from '../../../src/bundle/fetch/reach.ts';

const signal = new AbortController().signal;
const bytes = createHash('sha512').update('x').digest();
const integrity = `sha512-${bytes.toString('base64')}`;

test('a scoped package is found where registries keep it', () => {
  const request = npmRequest('http://registry.test/', {
    name: '@scope/tool',
    version: '1.2.3-linux-x64',
    integrity,
  });
  assert.equal(request.url, 'http://registry.test/@scope/tool/-/tool-1.2.3-linux-x64.tgz');
  assert.deepEqual(request.digest, { algorithm: 'sha512', hex: bytes.toString('hex') });
});

test('an integrity value that is cut short or weak is refused', () => {
  for (const bad of ['', 'sha1-qqq=', integrity.slice(0, -8), `${integrity}?x`]) {
    assert.throws(() => integrityDigest(bad), { code: 'config-invalid' });
  }
});

test("npm's own setting says which registry", async () => {
  const reach: Reach = { ...realReach, env: {}, run: async () => 'http://registry.test\n' };
  assert.equal(await npmRegistry(reach, signal), 'http://registry.test/');
  assert.equal(
    await npmRegistry({ ...reach, env: { npm_config_registry: 'http://other.test/' } }, signal),
    'http://other.test/',
  );
});
