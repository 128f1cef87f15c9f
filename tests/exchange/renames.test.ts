import assert from 'node:assert/strict';
import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { GuestTree } from '../../src/exchange/shared/guest-tree.ts';
import { contents, remove, Scene, write } from './scene.ts';

const BIG = 'x'.repeat(300_000);

describe('content that the other side has already', () => {
  test('is not sent again to the guest when its file or folder was renamed or copied', async () => {
    using scene = new Scene();
    write(scene.host, 'a/one.bin', `1${BIG}`);
    write(scene.host, 'a/run', `2${BIG}`, 0o755);
    write(scene.host, 'copied', `3${BIG}`);
    await scene.exchange();
    renameSync(join(scene.host, 'a'), join(scene.host, 'b'));
    write(scene.host, 'copy', `3${BIG}`);
    const counted = count(scene.tree);
    const report = await scene.exchange({ guest: counted.tree });
    assert.deepEqual(report.refused, []);
    assert.deepEqual(contents(scene.guest), contents(scene.host));
    assert.ok(counted.bytes() < 10_000, `${counted.bytes()} bytes`);
    assert.equal(statSync(join(scene.guest, 'b/run')).mode & 0o777, 0o755);
    assert.equal(
      Math.floor(statSync(join(scene.guest, 'b/run')).mtimeMs),
      Math.floor(statSync(join(scene.host, 'b/run')).mtimeMs),
    );
    assert.deepEqual((await scene.exchange()).toGuest, []);
  });

  test('is not asked of the guest again', async () => {
    using scene = new Scene();
    write(scene.host, 'a/one.bin', `1${BIG}`);
    write(scene.host, 'a/two.bin', `2${BIG}`);
    await scene.exchange();
    renameSync(join(scene.guest, 'a'), join(scene.guest, 'b'));
    const counted = count(scene.tree);
    const report = await scene.exchange({ guest: counted.tree });
    assert.deepEqual(report.toHost, ['b', 'b/one.bin', 'b/two.bin']);
    assert.deepEqual(contents(scene.host), contents(scene.guest));
    assert.ok(counted.bytes() < 10_000, `${counted.bytes()} bytes`);
  });

  test('is kept aside before a folder takes the place of the file it was in', async () => {
    using scene = new Scene();
    write(scene.host, 'x', `1${BIG}`);
    write(scene.host, 'dir/y', `2${BIG}`);
    await scene.exchange();
    remove(scene.host, 'x');
    remove(scene.host, 'dir');
    write(scene.host, 'x/inner', `1${BIG}`);
    write(scene.host, 'dir', `2${BIG}`);
    const counted = count(scene.tree);
    const report = await scene.exchange({ guest: counted.tree });
    assert.deepEqual(report.refused, []);
    assert.deepEqual(contents(scene.guest), contents(scene.host));
    assert.ok(counted.bytes() < 310_000, `${counted.bytes()} bytes`);
  });

  test('is sent after all when the guest has changed it meanwhile', async () => {
    using scene = new Scene();
    write(scene.host, 'a.bin', `1${BIG}`);
    await scene.exchange();
    renameSync(join(scene.host, 'a.bin'), join(scene.host, 'b.bin'));
    const changing: GuestTree = {
      scan: (rules) => scene.tree.scan(rules),
      get: (paths) => scene.tree.get(paths),
      async *put(items) {
        write(scene.guest, 'a.bin', 'by the guest');
        yield* scene.tree.put(items);
      },
    };
    const report = await scene.exchange({ guest: changing });
    assert.deepEqual(report.refused.map(({ path, reason }) => [path, reason]).sort(), [
      ['a.bin', 'changed'],
      ['b.bin', 'changed'],
    ]);
    await scene.exchange();
    assert.equal(contents(scene.guest)['b.bin'], `1${BIG}`);
    assert.equal(contents(scene.host)['a.bin'], 'by the guest');
  });
});

function count(tree: GuestTree): { tree: GuestTree; bytes(): number } {
  let bytes = 0;
  async function* counted(stream: AsyncIterable<Uint8Array>) {
    for await (const piece of stream) {
      bytes += piece.length;
      yield piece;
    }
  }
  return {
    tree: {
      scan: (rules) => tree.scan(rules),
      get: (paths) => counted(tree.get(paths)),
      put: (items) => tree.put(counted(items)),
    },
    bytes: () => bytes,
  };
}
