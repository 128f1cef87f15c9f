import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrintUris } from '../../../src/bundle/fetch/print-uris.ts';

const HEX = 'c7e957360dff89675b491e501b00047cf750695178cabab167c92fc260d358ec';

test('package lines are found among what apt says besides', () => {
  const text = `Reading package lists...\nThe following NEW packages will be installed:\n  busybox-static\n'http://mirror.test/debian/pool/main/b/busybox/busybox-static_1.37.0-6%2bb9_amd64.deb' busybox-static_1%3a1.37.0-6+b9_amd64.deb 955316 SHA256:${HEX}\n`;
  assert.deepEqual(parsePrintUris(text), [
    {
      name: 'busybox-static',
      version: '1:1.37.0-6+b9',
      url: 'http://mirror.test/debian/pool/main/b/busybox/busybox-static_1.37.0-6%2bb9_amd64.deb',
      size: 955316,
      digest: { algorithm: 'sha256', hex: HEX },
      fileName: 'busybox-static_1%3a1.37.0-6+b9_amd64.deb',
    },
  ]);
});

test('a package without a SHA-256 is refused', () => {
  for (const hash of ['MD5Sum:5559581916477ef1f57ea9f82cecf22e', `SHA256:${HEX.slice(1)}`]) {
    assert.throws(() => parsePrintUris(`'http://mirror.test/a.deb' a_1_all.deb 5 ${hash}`), {
      code: 'fetch-failed',
    });
  }
});

test('nothing to fetch is an empty list', () => {
  assert.deepEqual(parsePrintUris('Reading package lists...\n'), []);
});
