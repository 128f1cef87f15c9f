import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { goldenNames, shippedNames } from '../../../src/bundle/folder.ts';
import { chooseGolden } from '../../../src/machine/qemu/golden-choice.ts';
import { shipGolden, verifyShipped } from '../../../src/machine/qemu/shipped.ts';
import { keyName, type SnapshotKey } from '../../../src/machine/qemu/snapshot/snapshot-key.ts';
import { completeIn, KEY, Scratch } from './snapshot/synthetic.ts';

const IMAGE = 'image-1';
const KIND = keyName(KEY);

describe('a golden snapshot that came with an image', () => {
  let scratch: Scratch;
  let folder: { root: string; state: string };
  let shipped: ReturnType<typeof shippedNames>;
  let notes: string[];

  beforeEach(async () => {
    scratch = new Scratch();
    notes = [];
    // Where it was made, and where the folder was carried to.
    const maker = { root: join(scratch.path, 'root'), state: join(scratch.path, 'made') };
    folder = { root: maker.root, state: join(scratch.path, 'state') };
    shipped = shippedNames(folder, IMAGE, KIND);
    const golden = goldenNames(maker, KIND);
    await mkdir(golden.making, { recursive: true });
    await completeIn(golden.making, { diskDigest: DISK });
    await rename(join(golden.making, 'overlay.qcow2'), join(golden.making, 'suspended/disk.qcow2'));
    await rename(join(golden.making, 'suspended'), golden.snapshot);
    await shipGolden(golden, shipped, new AbortController().signal);
    await rm(maker.state, { recursive: true });
  });
  afterEach(() => scratch[Symbol.dispose]());

  const choose = (key: SnapshotKey = KEY) =>
    chooseGolden(
      {
        golden: (kind) => goldenNames(folder, kind),
        shipped: (image, kind) => shippedNames(folder, image, kind),
        note: (text) => notes.push(text),
      },
      { key, image: { id: IMAGE, kernel: '', initrd: '', root: '', kernelHash: '', rootHash: '' } },
      () => {},
      undefined,
    );

  it('is unpacked on first use, whole, and once', async () => {
    const first = await choose();
    assert.equal(first?.kind, KIND);
    assert.equal(await readFile(first.disk, 'utf8'), 'the disk');
    assert.equal(first.usable.record.memory.sha256.length, 64);
    await rm(shipped.home, { recursive: true });
    assert.equal((await choose())?.kind, KIND, 'what was unpacked stays');
    assert.deepEqual(notes, []);
  });

  it('is found whole by every byte when the host was booted since', async () => {
    const { usable } = (await choose()) ?? assert.fail();
    const record = JSON.parse(await readFile(usable.files.record, 'utf8'));
    record.stamps.hostBoot = 'another boot';
    await writeFile(usable.files.record, JSON.stringify(record));
    assert.equal((await choose())?.kind, KIND);
  });

  it('is said to be of another program, QEMU, … when it is, and nothing is unpacked', async () => {
    for (const [other, why] of [
      [{ agent: 'e'.repeat(64) }, 'agent daemon'],
      [{ qemu: 'e'.repeat(64) }, 'QEMU'],
      [{ root: 'e'.repeat(64) }, 'root disk'],
    ] as const) {
      assert.equal(await choose({ ...KEY, ...other }), undefined);
      assert.equal(
        notes.pop(),
        `the snapshot that came with the image cannot be used: it was taken with another ${why}`,
      );
    }
    assert.deepEqual(await readdir(folder.state).catch(() => []), []);
  });

  it('is nothing to speak of for a machine of another size', async () => {
    assert.equal(await choose({ ...KEY, memory: 4096 }), undefined);
    assert.equal(await choose({ ...KEY, accelerator: 'kvm' }), undefined);
    assert.deepEqual(notes, []);
  });

  const damages: [string, (files: typeof shipped) => Promise<void>, RegExp][] = [
    ['torn', ({ memory }) => truncate(memory, 100), /memory\.zst is not what was packed/],
    [
      'with a byte changed',
      ({ disk }) => writeFile(disk, 'something else'),
      /disk\.zst is not what was packed/,
    ],
    ['without its list', ({ manifest }) => rm(manifest), /it is not complete/],
    ['with a list that is none', ({ manifest }) => writeFile(manifest, '{"version": 1'), /not valid JSON/],
  ];
  for (const [what, damage, why] of damages) {
    it(`${what} is not used, which is said, and leaves nothing`, async () => {
      await damage(shipped);
      assert.equal(await choose(), undefined);
      assert.match(notes.join(), why);
      const left = await readdir(dirname(goldenNames(folder, KIND).snapshot)).catch(() => []);
      assert.deepEqual(
        left.filter((name) => name !== 'lock.db'),
        [],
      );
      await assert.rejects(verifyShipped(folder, IMAGE));
    });
  }

  it('passes the check of every byte when nothing happened to it', () => verifyShipped(folder, IMAGE));
});

/** sha256 of what `completeIn` writes as the disk. */
const DISK = '9adbe61c0a85928d12e6d42eb41c5f28e84b024885fa115be30469fb5c43445f';
