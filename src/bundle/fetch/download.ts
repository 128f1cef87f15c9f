import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Fault, isFault } from '../../fault/fault.ts';
import { syncFolder, writeFault } from '../../platform/whole-file.ts';
import { type Digest, fileDigest } from './digest.ts';
import type { Reach } from './reach.ts';
import { backoff, isPermanent, retryHint } from './retry.ts';

export interface DownloadRequest {
  url: string;
  /** the pinned content; nothing else is ever handed out */
  digest: Digest;
  /** bytes, where the source says so beforehand */
  size?: number | undefined;
  /** what it is called towards people */
  label: string;
}

export interface DownloadOptions {
  signal: AbortSignal;
  /** bytes on disk so far, resumed ones included; the total where the server tells it */
  onBytes?: (done: number, total: number | undefined) => void;
  /** give up on a connection that sends nothing for this long (milliseconds) */
  stallAfter?: number;
}

const STALL_AFTER = 30_000;
const ATTEMPTS_WITHOUT_PROGRESS = 5;

export function downloadPath(downloads: string, digest: Digest): string {
  return join(downloads, `${digest.algorithm}-${digest.hex}`);
}

/**
 * Brings a file with the pinned digest into the download cache and gives its path. What an interrupted download left
 * (`.part`) is hashed and continued with a `Range` request; a finished one is hashed again before it is handed out.
 * @throws Fault `fetch-failed`, `disk-full`, `folder-unwritable`, `interrupted`
 */
export async function download(
  request: DownloadRequest,
  downloads: string,
  reach: Reach,
  options: DownloadOptions,
): Promise<string> {
  const path = downloadPath(downloads, request.digest);
  if (await isWhole(path, request.digest)) {
    const { size } = await stat(path);
    options.onBytes?.(size, size);
    return path;
  }
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw writeFault(path, error);
  });
  let mismatches = 0;
  for (let attempt = 0; ; ) {
    const before = await sizeOf(`${path}.part`);
    try {
      await transfer(request, path, reach, options);
      return path;
    } catch (error) {
      if (options.signal.aborted)
        throw new Fault('interrupted', `the download of ${request.label} was interrupted`, {
          hint: retryHint,
        });
      if (isFault(error, 'disk-full') || isFault(error, 'folder-unwritable')) throw error;
      if (error instanceof WrongContent) mismatches += 1;
      attempt = (await sizeOf(`${path}.part`)) > before ? 1 : attempt + 1;
      if (isPermanent(error) || mismatches > 1 || attempt >= ATTEMPTS_WITHOUT_PROGRESS) {
        throw new Fault('fetch-failed', `${request.label} could not be downloaded`, {
          cause: error,
          hint: retryHint,
        });
      }
      await reach.sleep(backoff(attempt), options.signal).catch(() => undefined);
    }
  }
}

/** An answer that is no success. */
export class HttpStatus extends Error {
  readonly status: number;

  constructor(url: string, status: number) {
    super(`${url} answered ${status}`);
    this.status = status;
  }
}

class WrongContent extends Error {}

async function transfer(
  request: DownloadRequest,
  path: string,
  reach: Reach,
  options: DownloadOptions,
): Promise<void> {
  const part = `${path}.part`;
  const file = await open(part, 'a').catch((error: unknown) => {
    throw writeFault(part, error);
  });
  let ended = false;
  try {
    const kept = await hashKept(part, request);
    const hash = await receive(request, file, kept, reach, options);
    if (hash.digest('hex') !== request.digest.hex) {
      await file.truncate(0);
      throw new WrongContent(`${request.url} does not have the pinned ${request.digest.algorithm}`);
    }
    await file.sync();
    ended = true;
  } finally {
    await file.close();
  }
  if (ended) await rename(part, path);
  await syncFolder(dirname(path));
}

interface Kept {
  hash: Hash;
  size: number;
}

async function hashKept(part: string, request: DownloadRequest): Promise<Kept> {
  const hash = createHash(request.digest.algorithm);
  let size = 0;
  for await (const chunk of createReadStream(part, { highWaterMark: 1 << 20 })) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { hash, size };
}

async function receive(
  request: DownloadRequest,
  file: FileHandle,
  kept: Kept,
  reach: Reach,
  options: DownloadOptions,
): Promise<Hash> {
  // The whole of it may be here already: killed between the last byte and the rename.
  if (kept.size > 0 && kept.hash.copy().digest('hex') === request.digest.hex) return kept.hash;
  const stall = new AbortController();
  const stallAfter = options.stallAfter ?? STALL_AFTER;
  const timer = setTimeout(
    () => stall.abort(new Error(`${request.url} sent nothing for ${stallAfter / 1000} s`)),
    stallAfter,
  );
  try {
    const response = await reach.fetch(request.url, {
      // Undici would unpack a compressed answer, and then byte positions mean nothing.
      headers: { 'accept-encoding': 'identity', ...(kept.size > 0 ? { range: `bytes=${kept.size}-` } : {}) },
      signal: AbortSignal.any([options.signal, stall.signal]),
    });
    if (response.status === 416) await file.truncate(0);
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new HttpStatus(request.url, response.status);
    }
    let { hash, size } = kept;
    if (response.status !== 206 || !response.headers.get('content-range')?.startsWith(`bytes ${size}-`)) {
      if (response.status === 206) throw new Error(`${request.url} sent another range than asked for`);
      await file.truncate(0);
      hash = createHash(request.digest.algorithm);
      size = 0;
    }
    const total = totalBytes(request, response, size);
    for await (const chunk of response.body) {
      timer.refresh();
      await writeAll(file, chunk, request.label);
      hash.update(chunk);
      size += chunk.length;
      options.onBytes?.(size, total);
    }
    return hash;
  } finally {
    clearTimeout(timer);
  }
}

function totalBytes(request: DownloadRequest, response: Response, offset: number): number | undefined {
  if (request.size !== undefined) return request.size;
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  return Number.isSafeInteger(length) ? offset + length : undefined;
}

async function writeAll(file: FileHandle, chunk: Uint8Array, label: string): Promise<void> {
  for (let offset = 0; offset < chunk.length; ) {
    try {
      offset += (await file.write(chunk, offset)).bytesWritten;
    } catch (error) {
      throw writeFault(label, error);
    }
  }
}

async function isWhole(path: string, digest: Digest): Promise<boolean> {
  if ((await sizeOf(path)) === 0) return false;
  if ((await fileDigest(path, digest.algorithm)) === digest.hex) return true;
  await rm(path, { force: true });
  return false;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
