import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Item, readItems, writeItems } from '../../../src/exchange/shared/bundle-stream.ts';
import { type Entry, LIMITS } from '../../../src/exchange/shared/entry.ts';
import { scan } from '../../../src/exchange/shared/scan.ts';

describe('a bundle stream', () => {
  test('carries files of any size, however it is cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(700_000), { maxLength: 4 }),
        fc.integer({ min: 1, max: 5000 }),
        async (sizes, cut) => {
          using folder = new Folder();
          for (const [index, size] of sizes.entries())
            writeFileSync(join(folder.path, `f${index}`), Buffer.alloc(size, index + 1));
          const received = await receive(recut(writeItems(folder.path, await folder.items()), cut));
          assert.deepEqual(
            received,
            sizes.map((size, index) => [`f${index}`, size]),
          );
        },
      ),
      { numRuns: 20 },
    );
  });

  test('keeps its framing when a file shrinks while it is read', async () => {
    using folder = new Folder();
    writeFileSync(join(folder.path, 'a'), Buffer.alloc(1_000_000, 1));
    writeFileSync(join(folder.path, 'b'), 'b');
    const stream = writeItems(folder.path, await folder.items());
    const shrinking = async function* () {
      for await (const piece of stream) {
        truncateSync(join(folder.path, 'a'), 10);
        yield piece;
      }
    };
    assert.deepEqual(await receive(shrinking()), [
      ['a', 1_000_000],
      ['b', 1],
    ]);
  });

  test('skips a file that is not as it was seen', async () => {
    using folder = new Folder();
    for (const name of ['a', 'b', 'c']) writeFileSync(join(folder.path, name), name);
    const items = await folder.items();
    writeFileSync(join(folder.path, 'a'), 'longer');
    rmSync(join(folder.path, 'b'));
    const skipped: string[] = [];
    const received = await receive(writeItems(folder.path, items, { skipped: (path) => skipped.push(path) }));
    assert.deepEqual([received, skipped], [[['c', 1]], ['a', 'b']]);
  });
});

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'bundle-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  async items(): Promise<Item[]> {
    return [...(await scan(this.path)).seen.values()].map((seen) => ({ op: 'put', seen }));
  }
}

async function receive(source: AsyncIterable<Uint8Array>): Promise<[string, number][]> {
  const received: [string, number][] = [];
  const put = async (
    entry: Entry,
    _was: unknown,
    _mtime: unknown,
    content: { next(): Promise<Uint8Array | undefined> },
  ) => {
    let length = 0;
    for (let piece = await content.next(); piece !== undefined; piece = await content.next())
      length += piece.length;
    received.push([entry.path, length]);
  };
  await readItems(source, { put, remove: async () => undefined, skip: async () => undefined }, LIMITS);
  return received;
}

async function* recut(source: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  for await (const piece of source)
    for (let at = 0; at < piece.length; at += length) yield piece.subarray(at, at + length);
}
