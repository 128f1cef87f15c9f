import assert from 'node:assert/strict';
import { readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { packFile, unpackFile } from '../../../../src/machine/qemu/snapshot/packed.ts';
import { Scratch } from './synthetic.ts';

describe('a packed file', () => {
  let scratch: Scratch;
  const at = (name: string) => join(scratch.path, name);
  const { signal } = new AbortController();
  beforeEach(() => {
    scratch = new Scratch();
  });
  afterEach(() => scratch[Symbol.dispose]());

  async function packed(content: Uint8Array, extents = [{ offset: 0, length: content.byteLength }]) {
    await writeFile(at('file'), content);
    return packFile(at('file'), extents, at('packed'), signal);
  }

  it('is the same again, whatever is in it and however it is cut', async () => {
    const pieces = fc.array(fc.record({ hole: fc.nat(200_000), data: fc.uint8Array({ maxLength: 3000 }) }), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(pieces, async (made) => {
        using own = new Scratch();
        const extents: { offset: number; length: number }[] = [];
        const parts: Uint8Array[] = [];
        let offset = 0;
        for (const { hole, data } of made) {
          parts.push(Buffer.alloc(hole), data);
          if (data.byteLength > 0) extents.push({ offset: offset + hole, length: data.byteLength });
          offset += hole + data.byteLength;
        }
        const whole = Buffer.concat(parts);
        const [from, to, back] = ['from', 'to', 'back'].map((name) => join(own.path, name)) as [
          string,
          string,
          string,
        ];
        await writeFile(from, whole);
        const pinned = await packFile(from, extents, to, signal);
        await unpackFile(to, pinned, back, signal);
        assert.ok(whole.equals(await readFile(back)));
        assert.equal(pinned.size, (await stat(to)).size);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps holes: they take no space', async () => {
    const size = 64 * 2 ** 20;
    await writeFile(at('file'), 'at its beginning');
    await truncate(at('file'), size);
    const pinned = await packFile(at('file'), [{ offset: 0, length: 16 }], at('packed'), signal);
    await unpackFile(at('packed'), pinned, at('back'), signal);
    const { size: whole, blocks } = await stat(at('back'));
    assert.equal(whole, size);
    assert.ok(blocks * 512 < 2 ** 20, `${blocks} blocks`);
  });

  it('is refused when it is torn, longer than it was, or has one other bit anywhere', async () => {
    const pinned = await packed(Buffer.from('some content '.repeat(3000)));
    const good = await readFile(at('packed'));
    const refused = async (bytes: Uint8Array) => {
      await writeFile(at('packed'), bytes);
      await assert.rejects(unpackFile(at('packed'), pinned, at(`back-${Math.random()}`), signal), {
        code: 'snapshot-unusable',
      });
    };
    await refused(Buffer.alloc(0));
    await refused(good.subarray(0, good.byteLength - 1));
    await refused(Buffer.concat([good, Buffer.from('x')]));
    for (let at = 0; at < good.byteLength; at++) {
      const wrong = Buffer.from(good);
      wrong[at] = (wrong[at] ?? 0) ^ 4;
      await refused(wrong);
    }
  });

  it('is refused when it is another one, though whole', async () => {
    const pinned = await packed(Buffer.from('this one'));
    await writeFile(at('other'), 'that one');
    await packFile(at('other'), [{ offset: 0, length: 8 }], at('other.packed'), signal);
    await assert.rejects(unpackFile(at('other.packed'), pinned, at('back'), signal), {
      code: 'snapshot-unusable',
    });
  });
});
