import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { zstdCompressSync } from 'node:zlib';
import { initramfs, readModule } from '../../src/image/initramfs.ts';
import { directKernel } from '../../src/image/kernel-image.ts';
import { scratch } from '../bundle/scratch.ts';

const script = fileURLToPath(new URL('../../image/init.sh', import.meta.url));

test('modules are listed in load order beside their files', () => {
  const module = (name: string) => ({ name, content: Buffer.from(name) });
  const archive = initramfs({
    init: Buffer.from('#!'),
    busybox: Buffer.from('b'),
    modules: [module('virtio'), module('ext4')],
  });
  const text = archive.toString('latin1');
  assert.ok(text.includes('virtio.ko\next4.ko\n'));
  assert.ok(text.indexOf('modules\0') < text.indexOf('modules/virtio.ko\0'));
  assert.equal(archive.length % 4, 0);
});

test('modules come out of every packing a kernel uses', async (context) => {
  const folder = await scratch(context);
  const content = Buffer.from('a module');
  const unxz = async () => content;
  await writeFile(join(folder, 'a.ko'), content);
  await writeFile(join(folder, 'b.ko.zst'), zstdCompressSync(content));
  for (const path of ['a.ko', 'b.ko.zst', 'c.ko.xz'])
    assert.deepEqual((await readModule(folder, path, unxz)).content, content);
  await assert.rejects(readModule(folder, 'd.ko.br', unxz), { code: 'build-failed' });
});

test('a module loses its signature and nothing else', async (context) => {
  const folder = await scratch(context);
  const content = Buffer.from('\x7fELF a module');
  const lengths = Buffer.from([0, 0, 2, 1, 2, 0, 0, 0, 0, 0, 0, 5]);
  const mark = Buffer.from('~Module signature appended~\n');
  await writeFile(join(folder, 'a.ko'), Buffer.concat([content, Buffer.from('SKKsigna'), lengths, mark]));
  await writeFile(join(folder, 'short.ko'), Buffer.concat([lengths, mark]));
  const unxz = async () => content;
  assert.deepEqual((await readModule(folder, 'a.ko', unxz)).content, content);
  assert.deepEqual((await readModule(folder, 'short.ko', unxz)).content, Buffer.concat([lengths, mark]));
});

test('the first script is one every POSIX shell takes', async () => {
  await promisify(execFile)('sh', ['-n', script]);
});

test('a kernel QEMU can enter directly is unpacked, any other is left alone', () => {
  const note = Buffer.from([
    4, 0, 0, 0, 8, 0, 0, 0, 18, 0, 0, 0, 0x58, 0x65, 0x6e, 0, 1, 2, 3, 4, 5, 6, 7, 8,
  ]);
  const elf = Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(100), note, Buffer.alloc(50, 7)]);
  const withoutEntry = Buffer.concat([Buffer.from('\x7fELF', 'latin1'), Buffer.alloc(200)]);
  assert.deepEqual(directKernel(bzImage(zstdCompressSync(elf))), elf);
  for (const other of [
    bzImage(zstdCompressSync(withoutEntry)),
    bzImage(Buffer.from('\x1f\x8b gzip and more')),
    Buffer.from('short'),
    elf,
  ]) {
    assert.equal(directKernel(other), other);
  }
});

/** The fields of the boot protocol that matter: one setup sector, payload right after it and 16 bytes of code. */
function bzImage(payload: Buffer): Buffer {
  const setup = Buffer.alloc(1024);
  setup.writeUInt8(1, 0x1f1);
  setup.write('HdrS', 0x202, 'latin1');
  setup.writeUInt32LE(16, 0x248);
  setup.writeUInt32LE(payload.length + 4, 0x24c);
  return Buffer.concat([setup, Buffer.alloc(16), payload, Buffer.from([1, 2, 3, 4])]);
}
