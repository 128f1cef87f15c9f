import { closeSync, fstatSync, readSync } from 'node:fs';
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

/** One item to send. `was` is what the receiver is believed to have there now. */
export type Item = { op: 'put'; seen: Seen; was?: Entry | undefined } | { op: 'remove'; was: Entry };

const headerSchema = z.discriminatedUnion('op', [
  /** for a file, exactly `entry.size` bytes follow */
  z.strictObject({
    op: z.literal('put'),
    entry: entrySchema,
    was: z.optional(entrySchema),
    /** milliseconds since 1970 */
    mtime: z.optional(z.number().check(z.gte(0), z.lte(8.64e15))),
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
  remove(was: Entry): Promise<void>;
  skip(path: string): Promise<void>;
}

interface WriteOptions {
  signal?: AbortSignal | undefined;
  /** told of each path that could not be sent because it is not as it was seen */
  skipped?: ((path: string) => void) | undefined;
  /** told of the bytes of each file sent */
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
      if (item.op === 'remove') writer.write(encodeRecord(item));
      else if (item.seen.entry.type === 'file')
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
      // Twice: a tree may be removed and put in one stream.
      if (items > 2 * limits.entries) throw pastLimits();
      if (header.op === 'remove') await sink.remove(header.was);
      else if (header.op === 'skip') await sink.skip(header.path);
      else {
        const content = new Measured(reader, header.entry.type === 'file' ? header.entry.size : 0);
        bytes += content.left;
        if (bytes > limits.bytes) throw pastLimits();
        await sink.put(header.entry, header.was, header.mtime, content);
        while ((await content.next()) !== undefined) {
          // what the sink left
        }
      }
    }
    await reader.end();
  } finally {
    await reader.release();
  }
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
    writer.write(encodeRecord({ op: 'put', entry, was: item.was, mtime }));
    yield* writeContent(fd, writer, entry.size);
    options.progress?.(entry.size);
  } finally {
    closeSync(fd);
  }
}

/** Exactly so many bytes, zeros where the file has become shorter. Pieces of 256 KiB are read at once: one takes 0.1 ms. */
function* writeContent(fd: number, writer: ByteWriter, size: number): Generator<Uint8Array> {
  for (let left = size; left > 0; ) {
    const room = writer.room();
    const most = Math.min(room.length, left);
    let got = readSync(fd, room, 0, most, null);
    if (got === 0) {
      room.fill(0, 0, most);
      got = most;
    }
    writer.wrote(got);
    left -= got;
    yield* writer.full();
  }
}
