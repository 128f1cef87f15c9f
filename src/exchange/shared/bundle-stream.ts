import { closeSync, fstatSync, readSync } from 'node:fs';
import * as z from 'zod/mini';
import { Fault, systemCode } from '../../fault/fault.ts';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { openFile } from './digest-file.ts';
import { type Entry, entrySchema, type FileEntry, fileSchema, type Limits } from './entry.ts';
import { Folders } from './folders.ts';
import { Pace } from './pace.ts';
import { nameOf, parentOf } from './path.ts';
import { END_RECORD, encodeRecord, readRecord } from './record.ts';
import { type Seen, sameStamp } from './stamp.ts';

/** One item to send. `was` is what the receiver is believed to have there now. */
export type Item =
  | { op: 'put'; seen: Seen; was?: Entry | undefined; held?: boolean | undefined; from?: number | undefined }
  | { op: 'remove'; was: Entry }
  | HoldItem;

/**
 * Content the receiver has already, under another path: to be kept aside before anything is removed, for the `put` of
 * that entry which says `held` and brings none.
 */
interface HoldItem {
  op: 'hold';
  from: string;
  entry: FileEntry;
  mtime: number;
}

const time = z.number().check(z.gte(0), z.lte(8.64e15));

const headerSchema = z.discriminatedUnion('op', [
  /** for a file, exactly `entry.size` bytes follow */
  z.strictObject({
    op: z.literal('put'),
    entry: entrySchema,
    was: z.optional(entrySchema),
    /** milliseconds since 1970 */
    mtime: z.optional(time),
    /** its content was kept aside: none follows */
    held: z.optional(z.boolean()),
    /** so much of its content the receiver has kept: only the rest follows */
    from: z.optional(z.int().check(z.nonnegative())),
  }),
  z.strictObject({
    op: z.literal('hold'),
    from: z.string().check(z.maxLength(4096)),
    entry: fileSchema,
    mtime: time,
  }),
  z.strictObject({ op: z.literal('remove'), was: entrySchema }),
  /** asked for, but not as it was any more */
  z.strictObject({ op: z.literal('skip'), path: z.string().check(z.maxLength(4096)) }),
]);

/** Content of the file being received; what is left unread is passed over. */
export interface Content {
  /** the next bytes, valid until the next call; undefined at the end */
  next(): Promise<Uint8Array | undefined>;
}

interface ItemSink {
  put(entry: Entry, was: Entry | undefined, mtime: number | undefined, content: Content): Promise<void>;
  /** a receiver without these takes no such items */
  hold?(from: string, entry: FileEntry, mtime: number): Promise<void>;
  putHeld?(entry: Entry, was: Entry | undefined): Promise<void>;
  /** @returns the whole content of a file whose beginning was kept; a receiver without it takes whole files only */
  resume?(entry: FileEntry, rest: Content): Content;
  remove(was: Entry): Promise<void>;
  skip(path: string): Promise<void>;
}

interface WriteOptions {
  signal?: AbortSignal | undefined;
  /** told of each path that could not be sent because it is not as it was seen */
  skipped?: ((path: string) => void) | undefined;
  /** told of the bytes sent of files, piece by piece */
  progress?: ((bytes: number) => void) | undefined;
}

/**
 * Many files as one stream of large pieces. A file that is not as it was seen is skipped; one that changes while it is
 * read still has its announced length, and its digest will not fit.
 */
export async function* writeItems(
  root: string,
  items: Iterable<Item>,
  options: WriteOptions = {},
): AsyncGenerator<Uint8Array> {
  const folders = new Folders(root);
  const writer = new ByteWriter();
  const pace = new Pace(options.signal);
  try {
    for (const item of items) {
      if (item.op !== 'put') writer.write(encodeRecord(item));
      else if (item.held === true) {
        const { entry } = item.seen;
        writer.write(encodeRecord({ op: 'put', entry, was: item.was, held: true }));
      } else if (item.seen.entry.type === 'file')
        yield* writeFile(folders, writer, item, item.seen.entry, options);
      else writer.write(encodeRecord({ op: 'put', entry: item.seen.entry, was: item.was }));
      yield* writer.full();
      if (pace.due()) await pace.rest();
    }
    writer.write(END_RECORD);
    yield* writer.rest();
  } finally {
    folders.close();
  }
}

/** @throws Fault `protocol-violation`, and whatever the sink throws */
export async function readItems(
  source: AsyncIterable<Uint8Array>,
  sink: ItemSink,
  limits: Limits,
): Promise<void> {
  const reader = new ByteReader(source);
  let items = 0;
  let bytes = 0;
  try {
    for (;;) {
      const header = await readRecord(reader, headerSchema);
      if (header === undefined) break;
      items += 1;
      // A tree may be held, removed and put in one stream.
      if (items > 3 * limits.entries) throw pastLimits();
      if (header.op === 'remove') await sink.remove(header.was);
      else if (header.op === 'skip') await sink.skip(header.path);
      else if (header.op === 'hold') {
        if (sink.hold === undefined) throw unasked();
        bytes += header.entry.size;
        await sink.hold(header.from, header.entry, header.mtime);
      } else if (header.held === true) {
        if (sink.putHeld === undefined) throw unasked();
        await sink.putHeld(header.entry, header.was);
      } else {
        const { entry, from } = header;
        const left = entry.type === 'file' ? entry.size - (from ?? 0) : 0;
        if (left < 0) throw new Fault('protocol-violation', 'a file is shorter than its part');
        const content = new Measured(reader, left);
        bytes += left;
        if (bytes > limits.bytes) throw pastLimits();
        await sink.put(entry, header.was, header.mtime, resumed(sink, entry, from, content));
        while ((await content.next()) !== undefined) {
          // what the sink left
        }
      }
      if (bytes > limits.bytes) throw pastLimits();
    }
    await reader.end();
  } finally {
    await reader.release();
  }
}

function resumed(sink: ItemSink, entry: Entry, from: number | undefined, rest: Content): Content {
  if (from === undefined) return rest;
  if (sink.resume === undefined || entry.type !== 'file')
    throw new Fault('protocol-violation', 'the rest of a file where whole ones were asked for');
  return sink.resume(entry, rest);
}

function unasked(): Fault {
  return new Fault('protocol-violation', 'content that is here already where files were asked for');
}

function pastLimits(): Fault {
  return new Fault('protocol-violation', 'a stream of project files goes past the limits');
}

class Measured implements Content {
  readonly #reader: ByteReader;
  left: number;

  constructor(reader: ByteReader, size: number) {
    this.#reader = reader;
    this.left = size;
  }

  async next(): Promise<Uint8Array | undefined> {
    if (this.left === 0) return undefined;
    const bytes = await this.#reader.some(this.left);
    this.left -= bytes.length;
    return bytes;
  }
}

async function* writeFile(
  folders: Folders,
  writer: ByteWriter,
  item: Item & { op: 'put' },
  entry: FileEntry,
  options: WriteOptions,
): AsyncGenerator<Uint8Array> {
  let fd: number | undefined;
  try {
    const opened = openFile(`${folders.enter(parentOf(entry.path))}/${nameOf(entry.path)}`);
    fd = opened.fd;
    if (!sameStamp(item.seen.stamp, opened.stats))
      throw Object.assign(new Error('changed'), { code: 'ESTALE' });
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    if (systemCode(error) === undefined) throw error;
    options.skipped?.(entry.path);
    writer.write(encodeRecord({ op: 'skip', path: entry.path }));
    return;
  }
  try {
    const mtime = Math.max(0, Math.floor(fstatSync(fd).mtimeMs));
    const from = item.from === undefined || item.from > entry.size ? undefined : item.from;
    writer.write(encodeRecord({ op: 'put', entry, was: item.was, mtime, from }));
    yield* writeContent(fd, writer, from ?? 0, entry.size, options.progress);
  } finally {
    closeSync(fd);
  }
}

/** Exactly so many bytes, zeros where the file has become shorter. Pieces of 256 KiB are read at once: one takes 0.1 ms. */
function* writeContent(
  fd: number,
  writer: ByteWriter,
  from: number,
  size: number,
  progress: WriteOptions['progress'],
): Generator<Uint8Array> {
  for (let at = from; at < size; ) {
    const room = writer.room();
    const most = Math.min(room.length, size - at);
    let got = readSync(fd, room, 0, most, at);
    if (got === 0) {
      room.fill(0, 0, most);
      got = most;
    }
    writer.wrote(got);
    at += got;
    progress?.(got);
    yield* writer.full();
  }
}
