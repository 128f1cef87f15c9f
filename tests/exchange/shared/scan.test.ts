import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { Folders } from '../../../src/exchange/shared/folders.ts';
import { scan } from '../../../src/exchange/shared/scan.ts';

describe('a scan', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'scan-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  test('reads a file again unless it looks the same and has rested for two seconds', async () => {
    writeFileSync(join(root, 'old'), 'one');
    writeFileSync(join(root, 'young'), 'one');
    utimesSync(join(root, 'old'), 1000, 1000);
    const first = await scan(root);
    // What the scan is told it saw shows whether it looked again.
    for (const seen of first.seen.values()) if (seen.entry.type === 'file') seen.entry.digest = 'told';
    const second = await scan(root, { previous: first.seen });
    assert.deepEqual(
      [...second.seen.values()].map(({ entry }) => entry.type === 'file' && entry.digest === 'told'),
      [true, false],
    );
    writeFileSync(join(root, 'old'), 'two');
    utimesSync(join(root, 'old'), 1000, 1000);
    const third = await scan(root, { previous: first.seen });
    const entry = third.seen.get('old')?.entry;
    assert.ok(entry?.type === 'file' && entry.digest !== 'told', 'the same time and size, but written since');
  });

  test('stops past its limits', async () => {
    for (const name of ['a', 'b', 'c']) writeFileSync(join(root, name), '0123456789');
    await assert.rejects(scan(root, { limits: { entries: 2, bytes: 100 } }), { code: 'exchange-refused' });
    await assert.rejects(scan(root, { limits: { entries: 10, bytes: 29 } }), { code: 'exchange-refused' });
    assert.equal((await scan(root, { limits: { entries: 3, bytes: 30 } })).seen.size, 3);
  });

  test('does not go through links, and refuses what lies too deep', async () => {
    mkdirSync(join(root, 'real'));
    writeFileSync(join(root, 'real/x'), 'x');
    symlinkSync('real', join(root, 'alias'));
    mkdirSync(join(root, 'd/'.repeat(101)), { recursive: true });
    const { seen, refused } = await scan(root);
    assert.ok(!seen.has('alias/x'));
    assert.deepEqual(refused, [{ path: 'd/'.repeat(101).slice(0, -1), reason: 'too-long' }]);
  });

  for (const handles of [true, false]) {
    test(`folders are entered without following a link, ${handles ? 'by handle' : 'by looking'}`, {
      skip: handles && process.platform !== 'linux',
    }, () => {
      mkdirSync(join(root, 'a/b'), { recursive: true });
      symlinkSync('a', join(root, 'l'));
      const folders = new Folders(root, handles);
      try {
        writeFileSync(`${folders.enter('a/b')}/f`, '');
        writeFileSync(`${folders.enter('a')}/f`, '');
        assert.throws(() => folders.enter('l'), { code: 'ENOTDIR' });
        assert.throws(() => folders.enter('l/b'), { code: 'ENOTDIR' });
        assert.throws(() => folders.enter('a/f'), { code: 'ENOTDIR' });
        assert.throws(() => folders.enter('none'), { code: 'ENOENT' });
      } finally {
        folders.close();
      }
    });
  }
});
