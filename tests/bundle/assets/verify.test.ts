import assert from 'node:assert/strict';
import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pinFile, verifyFiles } from '../../../src/bundle/assets/verify.ts';
import { isFault } from '../../../src/fault/fault.ts';
import { scratch } from '../scratch.ts';

async function scene(context: TestContext) {
  const base = await scratch(context);
  await writeFile(join(base, 'a'), 'content');
  const files = { a: await pinFile(join(base, 'a')) };
  return { base, files, options: { base, stamps: join(base, 'state/stamps.json'), hint: 'mend it' } };
}

test('files as pinned pass, again and again', async (context) => {
  const { files, options } = await scene(context);
  await verifyFiles(files, options);
  await verifyFiles(files, options);
  await verifyFiles(files, { ...options, full: true });
});

test('a changed file is corrupt, whatever was known of it, and the hint says what mends it', async (context) => {
  const { base, files, options } = await scene(context);
  await verifyFiles(files, options);
  await writeFile(join(base, 'a'), 'c0ntent');
  await assert.rejects(
    verifyFiles(files, options),
    (error) =>
      isFault(error, 'asset-corrupt') && error.hint === 'mend it' && error.message.includes(join(base, 'a')),
  );
});

test('a file cut short is corrupt', async (context) => {
  const { base, files, options } = await scene(context);
  await writeFile(join(base, 'a'), 'con');
  await assert.rejects(verifyFiles(files, options), { code: 'asset-corrupt' });
});

test('a file that is gone is missing', async (context) => {
  const { base, files, options } = await scene(context);
  await verifyFiles(files, options);
  await rm(join(base, 'a'));
  await assert.rejects(verifyFiles(files, options), { code: 'asset-missing' });
});

test('a file that was only touched or copied passes', async (context) => {
  const { base, files, options } = await scene(context);
  await verifyFiles(files, options);
  await utimes(join(base, 'a'), 5, 5);
  await verifyFiles(files, options);
});

test('damaged stamps are no reason to fail, nor to trust', async (context) => {
  const { base, files, options } = await scene(context);
  await verifyFiles(files, options);
  await writeFile(options.stamps, '{"a": tru');
  await writeFile(join(base, 'a'), 'c0ntent');
  await assert.rejects(verifyFiles(files, options), { code: 'asset-corrupt' });
});

test('stamps that cannot be written only cost time', async (context) => {
  const { base, files, options } = await scene(context);
  await verifyFiles(files, { ...options, stamps: join(base, 'a/below-a-file.json') });
});
