import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import * as z from 'zod/mini';
import { loadChecked } from '../../../src/bundle/assets/checked-manifest.ts';
import { pinFile, pinnedFile } from '../../../src/bundle/assets/verify.ts';
import { scratch } from '../scratch.ts';

const schema = z.object({ format: z.literal(1), files: z.record(z.string(), pinnedFile) });

async function scene(context: TestContext) {
  const base = await scratch(context);
  await writeFile(join(base, 'a'), 'content');
  const path = join(base, 'manifest.json');
  const manifest = { format: 1, files: { a: await pinFile(join(base, 'a')) } };
  await writeFile(path, JSON.stringify(manifest));
  const options = { base, stamps: join(base, 'state/stamps.json'), hint: 'mend it' };
  return {
    base,
    path,
    manifest,
    options,
    load: (full = false) => loadChecked(path, schema, { ...options, full }),
  };
}

test('what was checked is the same when it is read again, in short or in full', async (context) => {
  const { manifest, load } = await scene(context);
  for (const full of [false, false, true, false]) assert.deepEqual(await load(full), manifest);
});

test('a file that changed or went since all of it was seen is found', async (context) => {
  const { base, load } = await scene(context);
  await load();
  await writeFile(join(base, 'a'), 'c0ntent');
  await assert.rejects(load(), { code: 'asset-corrupt' });
  await rm(join(base, 'a'));
  await assert.rejects(load(), { code: 'asset-missing' });
});

test('a manifest that changed since it was seen is read through its schema', async (context) => {
  const { path, manifest, load } = await scene(context);
  await load();
  await writeFile(path, JSON.stringify({ ...manifest, format: 2 }));
  await assert.rejects(load(), { code: 'config-invalid' });
});

test('what is wrong is not remembered as seen', async (context) => {
  const { base, options, load } = await scene(context);
  await writeFile(join(base, 'a'), 'c0ntent');
  await assert.rejects(load(), { code: 'asset-corrupt' });
  await assert.rejects(load(), { code: 'asset-corrupt' });
  await assert.rejects(readFile(`${options.stamps}.seen`));
});

test('without a manifest there is nothing to check', async (context) => {
  const { path, load } = await scene(context);
  await load();
  await rm(path);
  assert.equal(await load(), undefined);
});
