import assert from 'node:assert/strict';
import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadApp } from '../../../src/bundle/assets/app.ts';
import { pinOf } from '../../../src/bundle/assets/app-pins.ts';
import { listImages, loadImage, verifyImage } from '../../../src/bundle/assets/image.ts';
import { loadQemu } from '../../../src/bundle/assets/qemu.ts';
import { pinFile } from '../../../src/bundle/assets/verify.ts';
import { appNames, type Folder, imageNames, runtimeNames } from '../../../src/bundle/folder.ts';
import { isFault } from '../../../src/fault/fault.ts';
import { scratch } from '../scratch.ts';

const ID = 'debian-13-0123456789ab';
const PROGRAM = 'usr/bin/qemu-system-x86_64';

async function place(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

async function folderOf(context: TestContext): Promise<Folder> {
  const root = join(await scratch(context), 'folder');
  const folder = { root, state: join(root, 'state') };
  const { qemu, qemuManifest, vmManifest } = runtimeNames(folder);
  await place(join(qemu, PROGRAM), 'ELF');
  const files = { [PROGRAM]: await pinFile(join(qemu, PROGRAM)) };
  await place(
    qemuManifest,
    JSON.stringify({ format: 1, version: '10.0.13', suite: 'trixie', packages: [], files }),
  );

  const names = imageNames(folder, ID);
  for (const path of [names.kernel, names.initrd, names.root]) await place(path, path);
  const image = {
    format: 1,
    id: ID,
    suite: 'debian-13',
    recipe: { version: 1, sha256: 'a'.repeat(64) },
    kernel: '6.12',
    node: '24.21.0',
    files: {
      vmlinuz: await pinFile(names.kernel),
      initrd: await pinFile(names.initrd),
      'root.qcow2': await pinFile(names.root),
    },
    packages: [],
  };
  await place(names.manifest, JSON.stringify(image));
  await place(vmManifest, JSON.stringify({ format: 1, image: ID }));
  return folder;
}

test('QEMU is started through its own loader, wherever the folder is', async (context) => {
  const folder = await folderOf(context);
  const { file, args } = (await loadQemu(folder)).command('qemu-system-x86_64');
  const { qemu } = runtimeNames(folder);
  assert.equal(file, join(qemu, 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'));
  assert.equal(args.at(-1), join(qemu, PROGRAM));
});

test('the whole folder may be moved', async (context) => {
  const folder = await folderOf(context);
  const before = await loadQemu(folder);
  const root = `${folder.root} moved`;
  await rename(folder.root, root);
  const moved = { root, state: join(root, 'state') };
  assert.equal((await loadQemu(moved)).qemuHash, before.qemuHash);
  assert.equal((await loadImage(moved)).root, imageNames(moved, ID).root);
});

test('a missing QEMU and a damaged one are told apart', async (context) => {
  const folder = await folderOf(context);
  const { qemu } = runtimeNames(folder);
  await appendFile(join(qemu, PROGRAM), '!');
  await assert.rejects(
    loadQemu(folder),
    (error) => isFault(error, 'asset-corrupt') && (error.hint ?? '').includes(qemu),
  );
  await rm(qemu, { recursive: true });
  await assert.rejects(loadQemu(folder), { code: 'asset-missing' });
});

test('a manifest cannot point out of its folder', async (context) => {
  const folder = await folderOf(context);
  for (const name of ['/etc/passwd', '../../x', 'usr/../../x']) {
    const files = { [name]: { sha256: 'a'.repeat(64), size: 1 } };
    await writeFile(
      runtimeNames(folder).qemuManifest,
      JSON.stringify({ format: 1, version: '1', suite: 's', packages: [], files }),
    );
    await assert.rejects(loadQemu(folder), { code: 'config-invalid' });
  }
});

test('no image boots of which one byte differs', async (context) => {
  for (const name of ['kernel', 'initrd', 'root'] as const) {
    const folder = await folderOf(context);
    await loadImage(folder);
    await appendFile(imageNames(folder, ID)[name], '!');
    await assert.rejects(loadImage(folder), { code: 'asset-corrupt' });
  }
});

test('a missing image, and one whose manifest is of another, are told', async (context) => {
  const folder = await folderOf(context);
  await assert.rejects(verifyImage(folder, 'debian-13-ffffffffffff'), { code: 'asset-missing' });
  await rename(imageNames(folder, ID).image, imageNames(folder, 'other').image);
  await assert.rejects(verifyImage(folder, 'other'), { code: 'asset-corrupt' });
  await rm(runtimeNames(folder).vmManifest);
  await assert.rejects(loadImage(folder), { code: 'asset-missing' });
});

test('the images of a folder are listed, half-made ones are not', async (context) => {
  const folder = await folderOf(context);
  await mkdir(`${imageNames(folder, ID).image}.0badcafe.tmp`);
  const found = await listImages(folder);
  assert.deepEqual(
    found.map(({ manifest, current }) => [manifest.id, current]),
    [[ID, true]],
  );
});

test('another build of a tool than the pinned one counts as missing', async (context) => {
  const folder = await folderOf(context);
  const pin = pinOf('claude');
  const names = appNames(folder, 'claude', pin.version);
  await place(names.disk, 'ext4');
  const manifest = { format: 1, tool: 'claude', pin, files: { 'app.img': await pinFile(names.disk) } };
  await place(names.manifest, JSON.stringify(manifest));
  assert.equal((await loadApp(folder, 'claude', pin)).disk, names.disk);
  await assert.rejects(loadApp(folder, 'claude', { ...pin, integrity: 'sha512-other' }), {
    code: 'asset-missing',
  });
  await appendFile(names.disk, '!');
  await assert.rejects(loadApp(folder, 'claude', pin), { code: 'asset-corrupt' });
});
