import { createHash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import * as z from 'zod/mini';
import { Fault, systemCode } from '../../fault/fault.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { openFile } from './digest-file.ts';
import { type Entry, entrySchema, type FileEntry, type Limits } from './entry.ts';
import { Folders } from './folders.ts';
import { Pace } from './pace.ts';
import { nameOf, parentOf } from './path.ts';
import { END_RECORD, encodeRecord, readRecord } from './record.ts';
import { type Seen, sameStamp } from './stamp.ts';
import { tarEnd, tarHeader, tarPadding } from './tar-header.ts';

interface WriteOptions {
  signal?: AbortSignal | undefined;
  /** told of each file that is not as it was seen: it is left out, or named as wrong at the end */
  skipped?: ((path: string) => void) | undefined;
  /** told of the bytes of each file sent */
  progress?: ((bytes: number) => void) | undefined;
}

/**
 * A whole tree for a guest that has none, as what the system's `tar` unpacks: making files is most of a first copy, and
 * that program takes a third of the time ours does. First what comes, so that the guest knows digests; then the archive in
 * pieces; then what of it is not as announced, for a file may change while it is read.
 * @param all folders before what is in them
 */
export async function* writeFill(
  root: string,
  all: readonly Seen[],
  options: WriteOptions = {},
): AsyncGenerator<Uint8Array> {
  const folders = new Folders(root);
  const writer = new ByteWriter();
  const pace = new Pace(options.signal);
  const wrong: string[] = [];
  try {
    for (let at = 0; at < all.length; at += BATCH) {
      const entries = all.slice(at, at + BATCH).map(({ entry }) => entry);
      yield encodeRecord({ entries });
    }
    yield END_RECORD;
    for (const seen of all) {
      if (!append(folders, writer, seen, options)) {
        wrong.push(seen.entry.path);
        options.skipped?.(seen.entry.path);
      }
      yield* framed(writer.full());
      if (pace.due()) await pace.rest();
    }
    writer.write(tarEnd());
    yield* framed(writer.rest());
    yield END_RECORD;
    for (let at = 0; at < wrong.length; at += WRONG) yield encodeRecord(wrong.slice(at, at + WRONG));
    yield END_RECORD;
  } finally {
    folders.close();
  }
}

/** Records of 256 KiB hold so many, even where every path is as long as can be. */
const BATCH = 30;
const WRONG = 10;

const entriesSchema = z.strictObject({ entries: z.array(entrySchema).check(z.maxLength(BATCH)) });
const wrongSchema = z.array(z.string().check(z.maxLength(4096)));

export interface Fill {
  entries: readonly Entry[];
  /** Hands the archive on, piece by piece. */
  archive(use: (piece: Uint8Array) => Promise<void>): Promise<void>;
  /** What of it is wrong; after the archive. */
  wrong(): Promise<string[]>;
}

/** @throws Fault `protocol-violation` */
export async function readFill(source: AsyncIterable<Uint8Array>, limits: Limits): Promise<Fill> {
  const reader = new ByteReader(source);
  const entries: Entry[] = [];
  for (;;) {
    const record = await readRecord(reader, entriesSchema);
    if (record === undefined) break;
    entries.push(...record.entries);
    if (entries.length > limits.entries)
      throw new Fault('protocol-violation', 'a first copy goes past the limits');
  }
  return {
    entries,
    async archive(use) {
      for (;;) {
        const head = await reader.exactly(4);
        const length = new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true);
        if (length === 0) return;
        for (let left = length; left > 0; ) {
          const piece = await reader.some(left);
          left -= piece.length;
          await use(piece);
        }
      }
    },
    async wrong() {
      const paths: string[] = [];
      for (;;) {
        const more = await readRecord(reader, wrongSchema);
        if (more === undefined) break;
        paths.push(...more);
      }
      await reader.end();
      return paths;
    },
  };
}

function* framed(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  for (const piece of pieces) {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(piece.length);
    yield length;
    yield piece;
  }
}

/** @returns whether the archive now holds it as it was seen */
function append(folders: Folders, writer: ByteWriter, seen: Seen, options: WriteOptions): boolean {
  const { entry, stamp } = seen;
  if (entry.type !== 'file') {
    writer.write(tarHeader(entry, stamp.mtime));
    return true;
  }
  let fd: number | undefined;
  try {
    const opened = openFile(`${folders.enter(parentOf(entry.path))}/${nameOf(entry.path)}`);
    fd = opened.fd;
    if (!sameStamp(stamp, opened.stats)) return false;
    writer.write(tarHeader(entry, stamp.mtime));
    const as = content(fd, writer, entry);
    writer.write(tarPadding(entry.size));
    options.progress?.(entry.size);
    return as;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return false;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Exactly so many bytes, zeros where the file has become shorter. */
function content(fd: number, writer: ByteWriter, { size, digest }: FileEntry): boolean {
  const hash = createHash('sha256');
  for (let left = size; left > 0; ) {
    const room = writer.room();
    const most = Math.min(room.length, left);
    let got = readSync(fd, room, 0, most, null);
    if (got === 0) {
      room.fill(0, 0, most);
      got = most;
    }
    hash.update(room.subarray(0, got));
    writer.wrote(got);
    left -= got;
  }
  return hash.digest('hex') === digest;
}
