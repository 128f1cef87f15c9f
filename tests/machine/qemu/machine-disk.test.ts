import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { QemuInstall } from '../../../src/bundle/assets/qemu.ts';
import { isFault } from '../../../src/fault/fault.ts';
import { hasDisk, newDisk } from '../../../src/machine/qemu/machine-disk.ts';
import { Scratch } from './snapshot/synthetic.ts';

const IMAGE = {
  id: 'debian-13-1',
  kernel: '',
  initrd: '',
  root: '/image/root.qcow2',
  kernelHash: '',
  rootHash: '',
};
/** The empty layer is there already, so no program of it is needed. */
const QEMU = {} as QemuInstall;

describe('a machine’s disk', () => {
  let scratch: Scratch;
  let place: { home: string; empty: string };
  let golden: { disk: string; kind: string };

  beforeEach(async () => {
    scratch = new Scratch();
    place = { home: join(scratch.path, 'vm'), empty: join(scratch.path, 'empty.qcow2') };
    golden = { disk: join(scratch.path, 'disk.qcow2'), kind: '0123456789abcdef' };
    await mkdir(place.home);
    await writeFile(place.empty, 'empty layer');
    await writeFile(golden.disk, 'golden layer');
  });
  afterEach(() => scratch[Symbol.dispose]());

  const content = (name: string) => readFile(join(place.home, name), 'utf8');

  it('is one empty layer of its own on the image', async () => {
    const record = await newDisk(place, QEMU, IMAGE, undefined);
    assert.deepEqual(record, { version: 1, image: IMAGE.id, disks: ['overlay.qcow2'] });
    assert.deepEqual(await readdir(place.home), ['overlay.qcow2']);
    assert.equal(await content('overlay.qcow2'), 'empty layer');
  });

  it('on a golden snapshot’s disk shares that one, and the machine still needs a name', async () => {
    const record = await newDisk(place, QEMU, IMAGE, golden);
    assert.deepEqual(record.disks, ['golden-0123456789abcdef.qcow2', 'overlay.qcow2']);
    assert.equal(record.unnamed, true);
    assert.equal(await content('golden-0123456789abcdef.qcow2'), 'golden layer');
    assert.equal((await stat(golden.disk)).nlink, 2, 'the same file, not a copy');
    assert.equal(await content('overlay.qcow2'), 'empty layer');
  });

  it('stays whole when the golden snapshot goes', async () => {
    const record = await newDisk(place, QEMU, IMAGE, golden);
    await rm(golden.disk);
    assert.equal(await hasDisk(place.home, record), true);
    assert.equal(await content('golden-0123456789abcdef.qcow2'), 'golden layer');
  });

  it('is made anew over what an interrupted start left', async () => {
    await newDisk(place, QEMU, IMAGE, golden);
    const record = await newDisk(place, QEMU, IMAGE, golden);
    assert.equal(await hasDisk(place.home, record), true);
  });

  it('is there or not, and of a torn one the missing part is named', async () => {
    assert.equal(await hasDisk(place.home, undefined), false);
    const single = { version: 1 as const, image: IMAGE.id, disks: ['overlay.qcow2'] };
    assert.equal(await hasDisk(place.home, single), false);
    const record = await newDisk(place, QEMU, IMAGE, golden);
    assert.equal(await hasDisk(place.home, undefined), true, 'one from before records named their disks');
    await rm(join(place.home, 'overlay.qcow2'));
    await assert.rejects(
      hasDisk(place.home, record),
      (error: Error) => isFault(error, 'asset-missing') && /overlay\.qcow2/.test(error.message),
    );
  });
});
