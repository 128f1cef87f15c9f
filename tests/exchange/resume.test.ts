import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { GuestTree } from '../../src/exchange/shared/guest-tree.ts';
import { Scene, write } from './scene.ts';

const SIZE = 24 * 2 ** 20;

describe('a large file whose transfer was cut off', () => {
  test('goes on where it stopped, also after the guest’s half has started anew', async () => {
    using scene = new Scene();
    const content = randomBytes(SIZE);
    write(scene.host, 'small');
    writeFileSync(join(scene.host, 'big.bin'), content);
    await assert.rejects(scene.exchange({ guest: limited(scene.tree, 16 * 2 ** 20).tree }), /cut/);
    assert.equal(existsSync(join(scene.guest, 'big.bin')), false);
    scene.restartGuest();
    const second = limited(scene.tree, SIZE);
    let shown = 0;
    const report = await scene.exchange({
      guest: second.tree,
      progress: (event) => {
        if (event.type === 'amount') shown = event.total ?? 0;
      },
    });
    assert.deepEqual(report.refused, []);
    assert.ok(content.equals(readFileSync(join(scene.guest, 'big.bin'))));
    assert.ok(second.bytes() < SIZE - 14 * 2 ** 20, `${second.bytes()} bytes`);
    assert.ok(shown < SIZE - 14 * 2 ** 20, 'what is shown as the total is what is sent');
    assert.deepEqual((await scene.exchange()).refused, []);
    assert.equal(existsSync(join(scene.guest, '.pcoder-tmp-parts')), false);
  });

  test('is sent whole when it was changed meanwhile, and when the part was', async () => {
    using scene = new Scene();
    writeFileSync(join(scene.host, 'big.bin'), randomBytes(SIZE));
    await assert.rejects(scene.exchange({ guest: limited(scene.tree, 16 * 2 ** 20).tree }), /cut/);
    const changed = randomBytes(SIZE);
    writeFileSync(join(scene.host, 'big.bin'), changed);
    await scene.exchange();
    assert.ok(changed.equals(readFileSync(join(scene.guest, 'big.bin'))));

    const more = randomBytes(SIZE);
    writeFileSync(join(scene.host, 'more.bin'), more);
    await assert.rejects(scene.exchange({ guest: limited(scene.tree, 16 * 2 ** 20).tree }), /cut/);
    const digest = createHash('sha256').update(more).digest('hex');
    const part = join(scene.guest, '.pcoder-tmp-parts', digest);
    const bytes = readFileSync(part);
    bytes[5_000_000] = (bytes[5_000_000] ?? 0) ^ 1;
    writeFileSync(part, bytes);
    const report = await scene.exchange();
    assert.deepEqual(
      report.refused.map(({ path, reason }) => [path, reason]),
      [['more.bin', 'changed']],
    );
    assert.equal(existsSync(join(scene.guest, 'more.bin')), false);
    await scene.exchange();
    assert.ok(more.equals(readFileSync(join(scene.guest, 'more.bin'))));
  });
});

/** Breaks off after so many bytes to the guest. */
function limited(tree: GuestTree, most: number): { tree: GuestTree; bytes(): number } {
  let bytes = 0;
  async function* some(stream: AsyncIterable<Uint8Array>) {
    for await (const piece of stream) {
      bytes += piece.length;
      if (bytes > most) throw new Error('cut');
      yield piece;
    }
  }
  return {
    tree: {
      scan: (rules) => tree.scan(rules),
      get: (paths) => tree.get(paths),
      put: (items) => tree.put(some(items)),
    },
    bytes: () => bytes,
  };
}
