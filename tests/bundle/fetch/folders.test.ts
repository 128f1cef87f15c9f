import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { plainFiles } from '../../../src/bundle/fetch/plain-files.ts';
import { realReach } from '../../../src/bundle/fetch/reach.ts';
import { replaceFolder } from '../../../src/bundle/fetch/replace-folder.ts';
import { takeTurn } from '../../../src/bundle/fetch/turn.ts';
import type { ProgressEvent } from '../../../src/bundle/progress.ts';
import { scratch } from '../scratch.ts';

test('links become files, a library under the name the loader asks for', async (context) => {
  const root = await scratch(context);
  const lib = join(root, 'usr/lib');
  await mkdir(join(root, 'usr/share'), { recursive: true });
  await mkdir(lib);
  await writeFile(join(lib, 'libx.so.1.2.3'), 'x');
  await symlink('libx.so.1.2.3', join(lib, 'libx.so.1'));
  await symlink('libx.so.1', join(lib, 'libx.so'));
  await writeFile(join(root, 'usr/share/data'), 'd');
  await symlink('/usr/share/data', join(lib, 'absolute'));
  await symlink('/nowhere', join(lib, 'dangling'));
  await plainFiles(lib, root);
  const entries = await readdir(lib, { withFileTypes: true });
  assert.ok(entries.every((entry) => entry.isFile()));
  assert.deepEqual(entries.map(({ name }) => name).sort(), ['absolute', 'libx.so', 'libx.so.1']);
  assert.equal(await readFile(join(lib, 'libx.so'), 'utf8'), 'x');
  assert.equal(await readFile(join(root, 'usr/share/data'), 'utf8'), 'd');
});

test('a folder is replaced whole, and what killed attempts left is gone', async (context) => {
  const home = await scratch(context);
  const target = join(home, 'qemu');
  await mkdir(join(home, 'qemu.0badcafe.tmp/half'), { recursive: true });
  await replaceFolder(target, (fresh) => writeFile(join(fresh, 'a'), '1'));
  await replaceFolder(target, (fresh) => writeFile(join(fresh, 'b'), '2'));
  assert.deepEqual(await readdir(home), ['qemu']);
  assert.deepEqual(await readdir(target), ['b']);
});

test('when building fails the old folder stays', async (context) => {
  const home = await scratch(context);
  const target = join(home, 'qemu');
  await replaceFolder(target, (fresh) => writeFile(join(fresh, 'a'), '1'));
  await assert.rejects(
    replaceFolder(target, async (fresh) => {
      await writeFile(join(fresh, 'b'), '2');
      throw new Error('no');
    }),
  );
  assert.deepEqual(await readdir(home), ['qemu']);
  assert.deepEqual(await readdir(target), ['a']);
});

test('a full disk is told as such', async (context) => {
  const home = await scratch(context);
  const full = replaceFolder(join(home, 'qemu'), () =>
    Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })),
  );
  await assert.rejects(full, { code: 'disk-full' });
});

test('two who fetch the same thing take turns, and the second says that it waits', async (context) => {
  const root = await scratch(context);
  const folder = { root, state: join(root, 'state') };
  const signal = new AbortController().signal;
  const order: string[] = [];
  const events: ProgressEvent[] = [];
  const reach = { sleep: (_milliseconds: number) => realReach.sleep(5) };
  const first = await takeTurn(folder, 'qemu', () => {}, signal, reach);
  const second = takeTurn(folder, 'qemu', (event) => events.push(event), signal, reach).then((turn) => {
    order.push('second');
    turn[Symbol.dispose]();
  });
  await realReach.sleep(30);
  order.push('first done');
  first[Symbol.dispose]();
  await second;
  assert.deepEqual(order, ['first done', 'second']);
  assert.equal(events.length, 1);
});
