import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type DownloadOptions,
  type DownloadRequest,
  download,
  downloadPath,
} from '../../../src/bundle/fetch/download.ts';
import { type Reach, realReach } from '../../../src/bundle/fetch/reach.ts';
import { isFault } from '../../../src/fault/fault.ts';
import { scratch } from '../scratch.ts';
import { mirror } from './mirror.ts';

const content = randomBytes(300_000);
const impatient: Reach = { ...realReach, sleep: async () => {} };
const options = (more: Partial<DownloadOptions> = {}): DownloadOptions => ({
  signal: new AbortController().signal,
  ...more,
});

function requestFor(url: string, bytes: Buffer = content): DownloadRequest {
  return {
    url,
    label: 'a file',
    digest: { algorithm: 'sha256', hex: createHash('sha256').update(bytes).digest('hex') },
  };
}

test('a file arrives whole and tells its progress', async (context) => {
  const folder = await scratch(context);
  const { url, ranges } = await mirror(context, content);
  const seen: (number | undefined)[] = [];
  const path = await download(
    requestFor(url),
    folder,
    impatient,
    options({ onBytes: (done, total) => seen.push(done, total) }),
  );
  assert.deepEqual(await readFile(path), content);
  assert.deepEqual(seen.slice(-2), [content.length, content.length]);
  assert.deepEqual(ranges, [undefined]);
});

test('what is in the cache is not asked for again', async (context) => {
  const folder = await scratch(context);
  const { url, ranges } = await mirror(context, content);
  await download(requestFor(url), folder, impatient, options());
  await download(requestFor(url), folder, impatient, options());
  assert.equal(ranges.length, 1);
});

test('a damaged file in the cache is fetched anew', async (context) => {
  const folder = await scratch(context);
  const { url } = await mirror(context, content);
  const path = downloadPath(folder, requestFor(url).digest);
  await writeFile(path, randomBytes(content.length));
  assert.deepEqual(await readFile(await download(requestFor(url), folder, impatient, options())), content);
});

test('an interrupted download goes on where it stopped', async (context) => {
  const folder = await scratch(context);
  const { url, ranges } = await mirror(context, content);
  await writeFile(`${downloadPath(folder, requestFor(url).digest)}.part`, content.subarray(0, 123_456));
  const path = await download(requestFor(url), folder, impatient, options());
  assert.deepEqual(await readFile(path), content);
  assert.deepEqual(ranges, ['bytes=123456-']);
  assert.deepEqual(await readdir(folder), [path.slice(folder.length + 1)]);
});

test('a part that is already whole needs no request', async (context) => {
  const folder = await scratch(context);
  const { url, ranges } = await mirror(context, content);
  await writeFile(`${downloadPath(folder, requestFor(url).digest)}.part`, content);
  await download(requestFor(url), folder, impatient, options());
  assert.deepEqual(ranges, []);
});

test('a part with other bytes, or too many, is thrown away', async (context) => {
  for (const part of [randomBytes(1000), randomBytes(content.length), randomBytes(content.length + 5)]) {
    const folder = await scratch(context);
    const { url } = await mirror(context, content);
    await writeFile(`${downloadPath(folder, requestFor(url).digest)}.part`, part);
    assert.deepEqual(await readFile(await download(requestFor(url), folder, impatient, options())), content);
  }
});

test('a server without ranges gives the file from its start', async (context) => {
  const folder = await scratch(context);
  const { url } = await mirror(context, content, (_request, response) => {
    response.end(content);
    return true;
  });
  await writeFile(`${downloadPath(folder, requestFor(url).digest)}.part`, content.subarray(0, 5000));
  assert.deepEqual(await readFile(await download(requestFor(url), folder, impatient, options())), content);
});

test('a connection that breaks is taken up again by itself', async (context) => {
  const folder = await scratch(context);
  const { url, ranges } = await mirror(context, content, (_request, response, attempt) => {
    if (attempt > 1) return false;
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20));
    return true;
  });
  assert.deepEqual(await readFile(await download(requestFor(url), folder, impatient, options())), content);
  assert.equal(ranges.length, 2);
  assert.match(ranges[1] ?? '', /^bytes=\d+-$/);
});

test('a connection that stalls is given up and taken up again', async (context) => {
  const folder = await scratch(context);
  const { url, ranges } = await mirror(context, content, (_request, response, attempt) => {
    if (attempt > 1) return false;
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, 50_000));
    return true;
  });
  await download(requestFor(url), folder, impatient, options({ stallAfter: 150 }));
  assert.equal(ranges.length, 2);
});

test('content other than the pinned one is refused and not kept', async (context) => {
  const folder = await scratch(context);
  const { url } = await mirror(context, randomBytes(5000));
  const request = requestFor(url);
  await assert.rejects(
    download(request, folder, impatient, options()),
    (error) => isFault(error, 'fetch-failed') && /pinned/.test(String(error.cause)),
  );
  assert.equal((await stat(`${downloadPath(folder, request.digest)}.part`)).size, 0);
});

test('a missing file is not asked for again and again', async (context) => {
  const folder = await scratch(context);
  const { url, ranges } = await mirror(context, content, (_request, response) => {
    response.writeHead(404).end();
    return true;
  });
  await assert.rejects(
    download(requestFor(url), folder, impatient, options()),
    (error) =>
      isFault(error, 'fetch-failed') && error.hint !== undefined && /answered 404/.test(String(error.cause)),
  );
  assert.equal(ranges.length, 1);
});

test('a server in trouble is asked five times, with growing pauses', async (context) => {
  const folder = await scratch(context);
  const { url, ranges } = await mirror(context, content, (_request, response) => {
    response.writeHead(503).end();
    return true;
  });
  const pauses: number[] = [];
  const reach: Reach = { ...realReach, sleep: async (milliseconds) => void pauses.push(milliseconds) };
  await assert.rejects(download(requestFor(url), folder, reach, options()), (error) =>
    isFault(error, 'fetch-failed'),
  );
  assert.equal(ranges.length, 5);
  assert.deepEqual(pauses, [500, 1000, 2000, 4000]);
});

test('being told to stop is no failure of the network, and keeps what came', async (context) => {
  const folder = await scratch(context);
  const { url } = await mirror(context, content, (_request, response) => {
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, 70_000));
    return true;
  });
  const stop = new AbortController();
  const onBytes = (done: number) => done >= 70_000 && stop.abort();
  const request = requestFor(url);
  await assert.rejects(download(request, folder, impatient, { signal: stop.signal, onBytes }), (error) =>
    isFault(error, 'interrupted'),
  );
  assert.equal((await stat(`${downloadPath(folder, request.digest)}.part`)).size, 70_000);
});

test('a folder that cannot be written is named', async (context) => {
  const folder = await scratch(context);
  await writeFile(join(folder, 'downloads'), 'a file, not a folder');
  const { url } = await mirror(context, content);
  await assert.rejects(download(requestFor(url), join(folder, 'downloads'), impatient, options()));
});

test('killed with no chance to tidy up, the next download goes on where it stopped', async (context) => {
  const folder = await scratch(context);
  await mkdir(folder, { recursive: true });
  let trickle = true;
  const { url, ranges } = await mirror(context, content, (_request, response) => {
    if (!trickle) return false;
    response.writeHead(200, { 'content-length': content.length });
    response.write(content.subarray(0, 90_000));
    return true;
  });
  const request = requestFor(url);
  const part = `${downloadPath(folder, request.digest)}.part`;
  const program = fileURLToPath(new URL('download-to-be-killed.ts', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify({ request, folder })], { stdio: 'inherit' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  while (((await stat(part).catch(() => undefined))?.size ?? 0) < 90_000) await sleep(10);
  child.kill('SIGKILL');
  await ended;
  trickle = false;
  assert.deepEqual(await readFile(await download(request, folder, impatient, options())), content);
  assert.deepEqual(ranges, [undefined, 'bytes=90000-']);
});
