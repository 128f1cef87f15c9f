import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installedPackages } from '../../src/image/installed.ts';
import { loadOrder } from '../../src/image/modules.ts';

const lists = {
  dependencies: [
    'kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz kernel/lib/crc16.ko.xz kernel/fs/mbcache.ko.xz',
    'kernel/fs/jbd2/jbd2.ko.xz:',
    'kernel/drivers/virtio/virtio_pci.ko.xz: kernel/drivers/virtio/virtio.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz',
    'kernel/drivers/block/virtio_blk.ko.xz: kernel/drivers/virtio/virtio.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz',
    'kernel/crypto/crc32c-generic.ko.xz:',
    '',
  ].join('\n'),
  builtin: 'kernel/drivers/char/hw_random/virtio-rng.ko\n',
};

test('dependencies come first, the innermost before all, and nothing twice', () => {
  assert.deepEqual(loadOrder(lists, ['virtio_pci', 'virtio_blk', 'ext4']), [
    'kernel/drivers/virtio/virtio_ring.ko.xz',
    'kernel/drivers/virtio/virtio.ko.xz',
    'kernel/drivers/virtio/virtio_pci.ko.xz',
    'kernel/drivers/block/virtio_blk.ko.xz',
    'kernel/fs/mbcache.ko.xz',
    'kernel/lib/crc16.ko.xz',
    'kernel/fs/jbd2/jbd2.ko.xz',
    'kernel/fs/ext4/ext4.ko.xz',
  ]);
});

test('what is built in needs no file, however its name is written', () => {
  assert.deepEqual(loadOrder(lists, ['virtio_rng']), []);
});

test('a module that is there if the kernel has it comes before those that may need it', () => {
  assert.equal(
    loadOrder(lists, ['ext4'], ['crc32c_generic', 'crc32c_intel'])[0],
    'kernel/crypto/crc32c-generic.ko.xz',
  );
});

test('a module the kernel lacks is an error, not a guest that finds no disk', () => {
  assert.throws(() => loadOrder(lists, ['virtio_scsi']), { code: 'build-failed', message: /virtio_scsi/ });
});

test('only what is really installed is recorded', () => {
  const status = [
    'Package: bash\nStatus: install ok installed\nPriority: required\nVersion: 5.2-1\nDescription: shell\n Version: not this',
    'Package: gone\nStatus: deinstall ok config-files\nVersion: 1',
  ].join('\n\n');
  assert.deepEqual(installedPackages(`${status}\n`), [{ name: 'bash', version: '5.2-1' }]);
});
