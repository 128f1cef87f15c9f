import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { downloadAll } from '../../../src/bundle/fetch/batch.ts';
import { realReach } from '../../../src/bundle/fetch/reach.ts';
import type { ProgressEvent } from '../../../src/bundle/progress.ts';
import { isFault } from '../../../src/fault/fault.ts';
import { scratch } from '../scratch.ts';
import { mirror } from './mirror.ts';

function pieces(count: number) {
  return Array.from({ length: count }, (_, index) => randomBytes(1000 + index));
}

function requestsFor(url: string, contents: Buffer[]) {
  return contents.map((bytes, index) => ({
    url: `${url}/${index}`,
    label: `piece ${index}`,
    size: bytes.length,
    digest: { algorithm: 'sha256' as const, hex: createHash('sha256').update(bytes).digest('hex') },
  }));
}

test('many files arrive in the order asked for, and their bytes add up', async (context) => {
  const folder = await scratch(context);
  const contents = pieces(15);
  const { url } = await mirror(context, Buffer.alloc(0), (request, response) => {
    response.end(contents[Number(request.url?.split('/').at(-1))]);
    return true;
  });
  const events: ProgressEvent[] = [];
  const paths = await downloadAll(requestsFor(url, contents), realReach, {
    step: 'pieces',
    downloads: folder,
    progress: (event) => events.push(event),
    signal: new AbortController().signal,
  });
  assert.deepEqual(await Promise.all(paths.map((path) => readFile(path))), contents);
  const total = contents.reduce((sum, bytes) => sum + bytes.length, 0);
  assert.deepEqual(events.slice(-2), [
    { type: 'amount', step: 'pieces', unit: 'bytes', done: total, total },
    { type: 'done', step: 'pieces' },
  ]);
});

test('the failure that is told is the one that stopped the others', async (context) => {
  const folder = await scratch(context);
  const contents = pieces(8);
  const { url } = await mirror(context, Buffer.alloc(0), (request, response) => {
    if (request.url?.endsWith('/1')) response.writeHead(404).end();
    // The rest hangs until it is stopped.
    return true;
  });
  const batch = downloadAll(requestsFor(url, contents), realReach, {
    step: 'pieces',
    downloads: folder,
    progress: () => {},
    signal: new AbortController().signal,
  });
  await assert.rejects(batch, (error) => isFault(error, 'fetch-failed') && error.message.includes('piece 1'));
});
