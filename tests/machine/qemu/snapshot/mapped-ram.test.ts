import assert from 'node:assert/strict';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../../../../src/fault/fault.ts';
import { pageExtents, readLayout } from '../../../../src/machine/qemu/snapshot/mapped-ram.ts';
import { BITMAP_AT, bitmapOf, head, PAGE, PAGES_AT, Scratch, writeMemory } from './synthetic.ts';

async function layoutOf(content: Uint8Array) {
  using scratch = new Scratch();
  const path = join(scratch.path, 'memory');
  await writeFile(path, content);
  await using file = await open(path, 'r');
  return await readLayout(file);
}

describe('the layout of a saved memory', () => {
  it('is found where QEMU wrote it', async () => {
    using scratch = new Scratch();
    const path = join(scratch.path, 'memory');
    await writeMemory(path, 300, [1]);
    await using file = await open(path, 'r');
    assert.deepEqual(await readLayout(file), {
      size: 300 * PAGE,
      pageSize: PAGE,
      bitmapOffset: BITMAP_AT,
      bitmapBytes: 40,
      pagesOffset: PAGES_AT,
    });
  });

  it('of whatever else is refused with a Fault, and what is accepted is sound', async () => {
    const number = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.bigInt({ min: 0n, max: 1n << 21n }),
      fc.constant(4096n),
    );
    const fields = fc
      .record({
        size: number,
        version: fc.oneof(fc.constant(1), fc.nat()),
        pageSize: number,
        bitmapOffset: number,
        pagesOffset: number,
      })
      .map(head);
    const cut = fc.tuple(fields, fc.nat(100)).map(([bytes, length]) => bytes.subarray(0, length));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fields, cut, fc.uint8Array({ maxLength: 200 })), async (content) => {
        try {
          const { size, bitmapOffset, bitmapBytes, pagesOffset } = await layoutOf(content);
          assert.ok(size > 0 && size % PAGE === 0 && Number.isSafeInteger(size + pagesOffset));
          assert.ok(bitmapBytes * 8 * PAGE >= size);
          assert.ok(bitmapOffset + bitmapBytes <= pagesOffset && pagesOffset % PAGE === 0);
        } catch (error) {
          assert.ok(error instanceof Fault && error.code === 'snapshot-unusable', String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('the pieces that hold pages', () => {
  it('cover every used page and nothing else but holes of at most the joined length', () => {
    const spread = fc.integer({ min: 1, max: 700 }).chain((pages) =>
      fc.record({
        pages: fc.constant(pages),
        used: fc.uniqueArray(fc.nat(pages - 1)),
        join: fc.integer({ min: 0, max: 20 }).map((count) => count * PAGE),
      }),
    );
    fc.assert(
      fc.property(spread, ({ pages, used, join: joined }) => {
        const layout = {
          size: pages * PAGE,
          pageSize: PAGE,
          bitmapOffset: 0,
          bitmapBytes: 0,
          pagesOffset: PAGES_AT,
        };
        const extents = pageExtents(bitmapOf(pages, used), layout, joined);
        const covered = new Set<number>();
        let end = Number.NEGATIVE_INFINITY;
        for (const { offset, length } of extents) {
          assert.ok(offset - end > joined, 'two pieces this near are one');
          for (let at = offset; at < offset + length; at += PAGE) covered.add((at - PAGES_AT) / PAGE);
          end = offset + length;
        }
        const wanted = [...used].sort((one, other) => one - other);
        for (const page of wanted) assert.ok(covered.has(page));
        const bridged = wanted.flatMap((page, index) => {
          const next = wanted[index + 1];
          const gap = next === undefined ? 0 : next - page - 1;
          return gap * PAGE <= joined ? Array.from({ length: gap }, (_, step) => page + 1 + step) : [];
        });
        assert.deepEqual(
          [...covered].sort((one, other) => one - other),
          [...wanted, ...bridged].sort((one, other) => one - other),
        );
      }),
      { numRuns: 300 },
    );
  });
});
