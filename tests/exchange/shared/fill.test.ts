import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { LIMITS } from '../../../src/exchange/shared/entry.ts';
import { writeFill } from '../../../src/exchange/shared/fill-stream.ts';
import { FolderTree } from '../../../src/exchange/shared/guest-tree.ts';
import { readListing } from '../../../src/exchange/shared/listing.ts';
import { scan } from '../../../src/exchange/shared/scan.ts';
import { contents, link, Scene, write } from '../scene.ts';

describe('a first copy', () => {
  test('brings every name, size, bit, link, empty folder and time', async () => {
    using scene = new Scene();
    for (let i = 0; i < 40; i++) write(scene.host, `d${i % 5}/f${i}`, 'x'.repeat(i * 97));
    write(scene.host, `${'long-name/'.repeat(9)}${'n'.repeat(130)}`);
    write(scene.host, 'ünï/😀 [*]?.txt');
    write(scene.host, '-rf');
    write(scene.host, '--checkpoint-action=exec=x');
    write(scene.host, 'block', 'x'.repeat(1024));
    write(scene.host, 'big', 'x'.repeat(3_000_000));
    write(scene.host, 'run.sh', '#!/bin/sh\n', 0o755);
    mkdirSync(join(scene.host, 'empty'));
    link(scene.host, 'l', 'd1/f1');
    link(scene.host, 'd1/up', '../run.sh');
    link(scene.host, 'd1/far', `../${'long-name/'.repeat(9)}${'n'.repeat(130)}`);
    utimesSync(join(scene.host, 'block'), 1_000_000, 1_000_000);
    const report = await scene.exchange();
    assert.deepEqual(report.refused, []);
    assert.deepEqual(contents(scene.guest), contents(scene.host));
    assert.equal(statSync(join(scene.guest, 'run.sh')).mode & 0o777, 0o755);
    assert.equal(statSync(join(scene.guest, 'big')).mode & 0o777, 0o644);
    assert.equal(statSync(join(scene.guest, 'block')).mtimeMs, 1e9);
    const again = await scene.exchange();
    assert.deepEqual([again.toGuest, again.toHost, again.conflicts], [[], [], []]);
  });

  test('leaves out what changed while it was read, and has it with the next pass', async () => {
    using scene = new Scene();
    for (let i = 0; i < 40; i++) write(scene.host, `f${i}`);
    const seen = [...(await scan(scene.host)).seen.values()];
    // As if each had been written after the scan: one found so by its time, one only by its digest.
    write(scene.host, 'f3', 'changed');
    for (const each of seen)
      if (each.entry.path === 'f5' && each.entry.type === 'file') each.entry.digest = '0'.repeat(64);
    const tree = new FolderTree(scene.guest, { session: 's' });
    const answer = await readListing(tree.fill(writeFill(scene.host, seen)), LIMITS);
    assert.deepEqual([], answer.refused);
    assert.equal(existsSync(join(scene.guest, 'f3')), false);
    assert.equal(existsSync(join(scene.guest, 'f5')), false);
    assert.equal(readFileSync(join(scene.guest, 'f4'), 'utf8'), 'f4');
    scene.tree = tree;
    const report = await scene.exchange();
    assert.deepEqual(report.toGuest, ['f3', 'f5']);
    assert.deepEqual(contents(scene.guest), contents(scene.host));
  });

  test('never goes where there is a copy already, and leaves nothing when it is cut off', async () => {
    using scene = new Scene();
    for (let i = 0; i < 40; i++) write(scene.host, `f${i}`);
    const seen = [...(await scan(scene.host)).seen.values()];
    const tree = new FolderTree(scene.guest, { session: 's' });
    async function* cut() {
      let pieces = 0;
      for await (const piece of writeFill(scene.host, seen)) {
        if (pieces++ === 4) throw new Error('cut');
        yield piece;
      }
    }
    await assert.rejects(readListing(tree.fill(cut()), LIMITS), /cut/);
    assert.deepEqual(
      Object.keys(contents(scene.home)).filter((path) => path.startsWith('guest')),
      [],
    );
    write(scene.guest, 'mine');
    await assert.rejects(readListing(tree.fill(writeFill(scene.host, seen)), LIMITS), {
      code: 'exchange-refused',
    });
    assert.deepEqual(contents(scene.guest), { mine: 'mine' });
  });

  test('that cannot be written says why', async () => {
    using scene = new Scene();
    for (let i = 0; i < 40; i++) write(scene.host, `f${i}`);
    const seen = [...(await scan(scene.host)).seen.values()];
    writeFileSync(
      join(scene.home, 'tar'),
      '#!/bin/sh\ncat >/dev/null\necho "tar: f: No space left on device" >&2\nexit 2\n',
    );
    chmodSync(join(scene.home, 'tar'), 0o755);
    const path = process.env['PATH'];
    process.env['PATH'] = `${scene.home}:${path}`;
    try {
      const tree = new FolderTree(scene.guest, { session: 's' });
      await assert.rejects(readListing(tree.fill(writeFill(scene.host, seen)), LIMITS), {
        code: 'disk-full',
      });
      assert.equal(existsSync(scene.guest), false);
    } finally {
      process.env['PATH'] = path;
    }
  });
});
