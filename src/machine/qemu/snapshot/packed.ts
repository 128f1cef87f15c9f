import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';
import type { PinnedFile } from '../../../bundle/assets/verify.ts';
import { Fault } from '../../../fault/fault.ts';
import type { Extent } from './mapped-ram.ts';

/** In front of each piece: where it belongs in the file and how long it is. A piece of no length ends them: the file is as long as it says. */
const HEADER = 16;
const CHUNK = 1024 * 1024;
/** A third of the memory's size at 200 MB/s and more; level 10 saves a tenth of that and takes six times as long. */
const LEVEL = 3;
/** No file is longer: the largest guest's memory. */
const LONGEST = 2 ** 40;

/** Writes the given pieces of a file, compressed; what lies between them is a hole in the copy. */
export async function packFile(
  path: string,
  extents: readonly Extent[],
  packed: string,
  signal: AbortSignal,
): Promise<PinnedFile> {
  const hash = createHash('sha256');
  let size = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.byteLength;
      done(null, chunk);
    },
  });
  await pipeline(
    Readable.from(pieces(path, extents), { objectMode: false }),
    createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: LEVEL } }),
    count,
    createWriteStream(packed, { flags: 'wx', flush: true }),
    { signal },
  );
  return { sha256: hash.digest('hex'), size };
}

/**
 * Makes the file again. What was written is not to be used when this throws.
 * @throws Fault `snapshot-unusable` for a packed file that is not what was pinned
 */
export async function unpackFile(
  packed: string,
  pinned: PinnedFile,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const hash = createHash('sha256');
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  try {
    await pipeline(
      createReadStream(packed, { highWaterMark: CHUNK }),
      check,
      createZstdDecompress(),
      (source: AsyncIterable<Buffer>) => writePieces(source, path),
      { signal },
    );
  } catch (error) {
    if (signal?.aborted || !isDamage(error)) throw error;
    throw damaged(packed, error);
  }
  if (hash.digest('hex') !== pinned.sha256) throw damaged(packed);
}

async function* pieces(path: string, extents: readonly Extent[]): AsyncGenerator<Buffer> {
  await using file = await open(path, 'r');
  for (const { offset, length } of extents) {
    yield header(offset, length);
    for (let done = 0; done < length; ) {
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, length - done));
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, offset + done);
      if (bytesRead === 0)
        throw new Fault('snapshot-unusable', `${path} is shorter than its own layout says`);
      yield buffer.subarray(0, bytesRead);
      done += bytesRead;
    }
  }
  yield header((await file.stat()).size, 0);
}

async function writePieces(source: AsyncIterable<Buffer>, path: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  let head = Buffer.alloc(0);
  let at = 0;
  let left = 0;
  let isComplete = false;
  for await (let chunk of source) {
    while (chunk.byteLength > 0) {
      if (isComplete) throw new Fault('snapshot-unusable', 'there is something behind its end');
      if (left === 0) {
        const more = chunk.subarray(0, HEADER - head.byteLength);
        head = Buffer.concat([head, more]);
        chunk = chunk.subarray(more.byteLength);
        if (head.byteLength < HEADER) break;
        [at, left] = [Number(head.readBigUInt64BE(0)), Number(head.readBigUInt64BE(8))];
        head = Buffer.alloc(0);
        if (at + left > LONGEST) throw new Fault('snapshot-unusable', 'it is longer than any memory');
        if (left === 0) {
          await file.truncate(at);
          isComplete = true;
        }
        continue;
      }
      const part = chunk.subarray(0, left);
      await file.write(part, 0, part.byteLength, at);
      at += part.byteLength;
      left -= part.byteLength;
      chunk = chunk.subarray(part.byteLength);
    }
  }
  if (!isComplete) throw new Fault('snapshot-unusable', 'its end is missing');
}

function header(offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(HEADER);
  bytes.writeBigUInt64BE(BigInt(offset), 0);
  bytes.writeBigUInt64BE(BigInt(length), 8);
  return bytes;
}

/** What zstd, or we, say of content that is none of ours. */
function isDamage(error: unknown): boolean {
  if (error instanceof Fault) return error.code === 'snapshot-unusable';
  return error instanceof Error && 'code' in error && /^(ERR_|Z_|ZSTD_)/.test(String(error.code));
}

function damaged(packed: string, cause?: unknown): Fault {
  return new Fault('snapshot-unusable', `${packed} is not what was packed`, { cause });
}
