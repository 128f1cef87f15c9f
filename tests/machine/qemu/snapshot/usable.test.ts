import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { SnapshotFiles } from '../../../../src/machine/qemu/snapshot/snapshot-files.ts';
import { consume, discard, findSnapshot } from '../../../../src/machine/qemu/snapshot/usable.ts';
import { completeIn, KEY, PAGES_AT, Scratch } from './synthetic.ts';

const LATER = new Date(Date.now() + 5000);

/** What is thought of a snapshot after something has happened to it. */
async function verdict(
  happens: (files: SnapshotFiles, home: string) => Promise<unknown>,
  of: { diskDigest?: string } = {},
  key = KEY,
): Promise<string> {
  using scratch = new Scratch();
  const files = await completeIn(scratch.path, of);
  await happens(files, scratch.path);
  const found = await findSnapshot(files.folder, key, scratch.path);
  if (found === undefined) return 'none';
  return 'reason' in found ? found.reason : 'usable';
}

async function overwrite(path: string, offset: number): Promise<void> {
  await using file = await open(path, 'r+');
  await file.write('?', offset);
  await utimes(path, LATER, LATER);
}

describe('a snapshot that is looked at', () => {
  it('is usable as it was taken, and says what a resume needs', async () => {
    using scratch = new Scratch();
    const files = await completeIn(scratch.path);
    const found = await findSnapshot(files.folder, KEY, scratch.path);
    assert.ok(found !== undefined && 'record' in found);
    assert.equal(found.record.bootKey, '07'.repeat(32));
    assert.equal(found.record.memory.offset, PAGES_AT);
    assert.equal(found.record.disk.file, 'overlay.qcow2');
    assert.deepEqual((await readdir(scratch.path)).sort(), ['overlay.qcow2', 'suspended']);
  });

  it('is none where there is no folder', async () =>
    assert.equal(await verdict((files) => rm(files.folder, { recursive: true })), 'none'));

  it('is not complete without its record', async () =>
    assert.equal(await verdict((files) => rm(files.record)), 'it is not complete'));

  it('with a record that is none is refused, and does not stop the start', async () => {
    assert.match(await verdict((files) => writeFile(files.record, '{"version":1')), /./);
    assert.match(await verdict((files) => writeFile(files.record, '{"version":2}')), /./);
    assert.notEqual(await verdict((files) => writeFile(files.record, 'null')), 'usable');
  });

  it('of another key says what differs', async () =>
    assert.equal(
      await verdict(async () => {}, {}, { ...KEY, memory: 2048 }),
      'it was taken with another memory size',
    ));

  for (const name of ['memory', 'devices'] as const) {
    it(`without its ${name} says that a file is missing`, async () =>
      assert.equal(await verdict((files) => rm(files[name])), 'a file of it is missing'));

    it(`whose ${name} has another time but the same content is fine`, async () =>
      assert.equal(await verdict((files) => utimes(files[name], LATER, LATER)), 'usable'));
  }

  it('whose content has changed is refused', async () => {
    const changed = 'its content is not what was written';
    assert.equal(await verdict(({ memory }) => overwrite(memory, PAGES_AT + 7 * 4096 + 9)), changed);
    assert.equal(await verdict(({ devices }) => overwrite(devices, 2)), changed);
  });

  it('whose memory was cut off is refused', async () => {
    const cut = async ({ memory }: SnapshotFiles) => {
      await using file = await open(memory, 'r+');
      await file.truncate(PAGES_AT + 4096);
    };
    assert.equal(await verdict(cut), 'its content is not what was written');
  });

  it('whose memory is no stream any more is refused', async () =>
    assert.match(
      await verdict(({ memory }) => writeFile(memory, 'something else')),
      /names no guest memory/,
    ));

  it('is read again after another boot of the host, though nothing seems to have changed', async () => {
    const otherBoot = async (files: SnapshotFiles) => {
      const record = JSON.parse(await readFile(files.record, 'utf8'));
      record.stamps.hostBoot = 'another';
      await writeFile(files.record, JSON.stringify(record));
    };
    assert.equal(await verdict(otherBoot), 'usable');
    const changedToo = async (files: SnapshotFiles) => {
      await otherBoot(files);
      const record = JSON.parse(await readFile(files.record, 'utf8'));
      await using file = await open(files.memory, 'r+');
      await file.write('?', PAGES_AT);
      await utimes(files.memory, record.stamps.memory.mtime / 1000, record.stamps.memory.mtime / 1000);
    };
    assert.equal(await verdict(changedToo), 'its content is not what was written');
  });

  it('whose disk is gone or was written since is refused', async () => {
    assert.equal(await verdict((_, home) => rm(join(home, 'overlay.qcow2'))), 'its disk is gone');
    assert.equal(
      await verdict((_, home) => writeFile(join(home, 'overlay.qcow2'), 'longer than it was')),
      'the disk has changed since',
    );
    assert.equal(
      await verdict((_, home) => utimes(join(home, 'overlay.qcow2'), LATER, LATER)),
      'the disk has changed since',
    );
  });

  it('whose disk is pinned by its content may have been copied, but not changed', async () => {
    const diskDigest = createHash('sha256').update('the disk').digest('hex');
    const touched = (_: SnapshotFiles, home: string) => utimes(join(home, 'overlay.qcow2'), LATER, LATER);
    assert.equal(await verdict(touched, { diskDigest }), 'usable');
    const changed = (_: SnapshotFiles, home: string) => overwrite(join(home, 'overlay.qcow2'), 1);
    assert.equal(await verdict(changed, { diskDigest }), 'its disk is damaged');
  });
});

describe('a snapshot that is consumed', () => {
  it('is there no more, also where an earlier one was cut off at it', async () => {
    using scratch = new Scratch();
    const files = await completeIn(scratch.path);
    await mkdir(`${files.folder}.used`);
    await writeFile(join(`${files.folder}.used`, 'memory'), 'of an earlier one');
    await consume(files);
    assert.equal(await findSnapshot(files.folder, KEY, scratch.path), undefined);
    await discard(files);
    assert.deepEqual(await readdir(scratch.path), ['overlay.qcow2']);
    assert.equal(await findSnapshot(files.folder, KEY, scratch.path), undefined);
  });

  it('cannot be consumed twice', async () => {
    using scratch = new Scratch();
    const files = await completeIn(scratch.path);
    await consume(files);
    await assert.rejects(consume(files), { code: 'ENOENT' });
  });
});
