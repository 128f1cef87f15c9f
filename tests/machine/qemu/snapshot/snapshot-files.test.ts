import assert from 'node:assert/strict';
import { open, readFile, stat } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { isFault } from '../../../../src/fault/fault.ts';
import {
  extractDevices,
  snapshotDigest,
  snapshotFiles,
} from '../../../../src/machine/qemu/snapshot/snapshot-files.ts';
import { BITMAP_AT, bitmapOf, PAGE, PAGES_AT, Scratch, writeMemory } from './synthetic.ts';

const PAGES = 20_000;
const USED = [0, 5, 6, 7, 60, 300, 12_345, PAGES - 1];
const TAIL = 'state of the devices';

async function scene(folder: string) {
  const files = snapshotFiles(folder);
  await writeMemory(files.memory, PAGES, USED, TAIL);
  await extractDevices(files);
  return files;
}

async function flip(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, offset);
  await file.write(Buffer.from([(byte[0] ?? 0) ^ 0x10]), 0, 1, offset);
}

describe('the stream without the memory', () => {
  it('has head, an empty bitmap and what stands behind the memory, at the same places', async () => {
    using scratch = new Scratch();
    const { memory, devices } = await scene(scratch.path);
    const [whole, taken] = [await readFile(memory), await readFile(devices)];
    const behind = PAGES_AT + PAGES * PAGE;
    assert.deepEqual(taken.subarray(0, BITMAP_AT), whole.subarray(0, BITMAP_AT));
    assert.ok(taken.subarray(BITMAP_AT, behind).every((byte) => byte === 0));
    assert.equal(taken.subarray(behind).toString(), TAIL);
    assert.ok(whole.subarray(BITMAP_AT).includes(bitmapOf(PAGES, USED)), 'the source is left as it was');
    assert.ok((await stat(devices)).blocks * 512 < 64 * 1024, 'no room is taken for the memory');
  });

  it('is not taken from a file that is none', async () => {
    using scratch = new Scratch();
    const files = snapshotFiles(scratch.path);
    await using file = await open(files.memory, 'wx');
    await file.write('not a stream');
    await assert.rejects(extractDevices(files), (error) => isFault(error, 'snapshot-unusable'));
  });
});

describe('the digest of a snapshot', () => {
  const behind = PAGES_AT + PAGES * PAGE;
  const places: [string, 'memory' | 'devices', number][] = [
    ...USED.flatMap((page): [string, 'memory', number][] => [
      [`the first byte of page ${page}`, 'memory', PAGES_AT + page * PAGE],
      [`the last byte of page ${page}`, 'memory', PAGES_AT + (page + 1) * PAGE - 1],
    ]),
    ['a zero page between two near ones', 'memory', PAGES_AT + 30 * PAGE],
    ['the first bits of the bitmap', 'memory', BITMAP_AT],
    ['the last bits of the bitmap', 'memory', BITMAP_AT + PAGES / 8 - 1],
    ['the head', 'devices', 3],
    ['the cleared bitmap', 'devices', BITMAP_AT + 77],
    ['the first byte of the devices', 'devices', behind],
    ['the last byte of the devices', 'devices', behind + TAIL.length - 1],
  ];
  it('is the same twice, and another for a changed byte anywhere it matters', async () => {
    using scratch = new Scratch();
    const files = await scene(scratch.path);
    const digest = await snapshotDigest(files);
    assert.equal(await snapshotDigest(files), digest);
    for (const [what, file, offset] of places) {
      await flip(files[file], offset);
      assert.notEqual(await snapshotDigest(files), digest, what);
      await flip(files[file], offset);
    }
    assert.equal(await snapshotDigest(files), digest);
  });

  it('is another for a file that was cut short', async () => {
    using scratch = new Scratch();
    const files = await scene(scratch.path);
    const digest = await snapshotDigest(files);
    await using devices = await open(files.devices, 'r+');
    await devices.truncate(behind + 3);
    assert.notEqual(await snapshotDigest(files), digest);
  });

  it('is given up when nobody waits for it', async () => {
    using scratch = new Scratch();
    const files = await scene(scratch.path);
    await assert.rejects(snapshotDigest(files, AbortSignal.abort()), { name: 'AbortError' });
  });
});
