import * as z from 'zod/mini';
import { Fault } from '../../fault/fault.ts';
import { ByteReader } from './byte-reader.ts';
import { type Entry, entrySchema, type Limits } from './entry.ts';
import { type Refusal, refusalSchema } from './reason.ts';
import { END_RECORD, encodeRecord, readRecord } from './record.ts';
import { MAX_REFUSED, tooMuch } from './scan.ts';

/** What one side has, as the other is told. */
export interface Listing {
  /** false when there is no copy at all, which is not the same as an empty one */
  present: boolean;
  /** names this state of the tree, for the next question; undefined when it cannot be gone on from */
  state: string | undefined;
  /** whether `entries` are only those that changed since the state that was asked from, and `removed` what went */
  partial: boolean;
  entries: Entry[];
  removed: string[];
  refused: Refusal[];
}

/** What the host asks for. */
export interface ListingRequest {
  /** the state the host knows: only what has changed since need be told */
  since?: string | undefined;
  /** look at what the watcher noticed instead of at everything */
  noticed?: boolean | undefined;
}

/** Of all names of a listing together: hundreds for each of the most files there may be, and little memory. */
export const NAME_CHARACTERS = 64 * 2 ** 20;

/** Entries per record: some 30 KB of JSON. */
const BATCH = 200;
/** Paths of 4 KiB must still fit a record. */
const BATCH_CHARACTERS = 60_000;

const pathText = z.string().check(z.maxLength(4096));

const recordSchema = z.union([
  z.strictObject({ entries: z.array(entrySchema).check(z.minLength(1), z.maxLength(BATCH)) }),
  z.strictObject({ refused: z.array(refusalSchema).check(z.minLength(1), z.maxLength(BATCH)) }),
  z.strictObject({ removed: z.array(pathText).check(z.minLength(1), z.maxLength(BATCH)) }),
  z.strictObject({
    present: z.boolean(),
    state: z.optional(z.string().check(z.maxLength(64))),
    partial: z.optional(z.boolean()),
  }),
]);

/** Refusals alone are a listing too: the answer to what was put. */
export function* writeListing(
  present: boolean,
  entries: Iterable<Entry>,
  refused: Iterable<Refusal>,
  since: { state?: string; partial?: boolean; removed?: Iterable<string> } = {},
): Generator<Uint8Array> {
  const { state, partial, removed } = since;
  yield encodeRecord({ present, state, partial });
  for (const batch of batches(entries)) yield encodeRecord({ entries: batch });
  for (const batch of batches(removed ?? [])) yield encodeRecord({ removed: batch });
  for (const batch of batches(refused)) yield encodeRecord({ refused: batch });
  yield END_RECORD;
}

/** @throws Fault `protocol-violation`; `exchange-refused` past the limits */
export async function readListing(source: AsyncIterable<Uint8Array>, limits: Limits): Promise<Listing> {
  const reader = new ByteReader(source);
  const listing: Listing = {
    present: true,
    state: undefined,
    partial: false,
    entries: [],
    removed: [],
    refused: [],
  };
  let bytes = 0;
  let characters = 0;
  try {
    for (let first = true; ; first = false) {
      const record = await readRecord(reader, recordSchema);
      if (record === undefined) break;
      if ('present' in record) {
        // Said once: each other record brings the end or a limit nearer.
        if (!first) throw new Fault('protocol-violation', 'a listing begins in its middle');
        listing.present = record.present;
        listing.state = record.state;
        listing.partial = record.partial ?? false;
      } else if ('removed' in record) {
        listing.removed.push(...record.removed);
        characters += charactersOf(record.removed);
      } else if ('refused' in record) {
        listing.refused.push(...record.refused);
        characters += charactersOf(record.refused);
      } else {
        for (const entry of record.entries) bytes += entry.type === 'file' ? entry.size : 0;
        characters += charactersOf(record.entries);
        listing.entries.push(...record.entries);
      }
      if (
        listing.entries.length > limits.entries ||
        listing.removed.length > limits.entries ||
        bytes > limits.bytes ||
        characters > NAME_CHARACTERS ||
        listing.refused.length > MAX_REFUSED
      ) {
        throw tooMuch('more than is exchanged at once', "the guest's copy of the project");
      }
    }
    await reader.end();
    return listing;
  } finally {
    await reader.release();
  }
}

const pathsSchema = z.array(pathText).check(z.maxLength(BATCH));

export function* writePaths(paths: Iterable<string>): Generator<Uint8Array> {
  for (const batch of batches(paths)) yield encodeRecord(batch);
  yield END_RECORD;
}

/** @throws Fault `protocol-violation` */
export async function readPaths(source: AsyncIterable<Uint8Array>, limits: Limits): Promise<string[]> {
  const reader = new ByteReader(source);
  const paths: string[] = [];
  for (;;) {
    const batch = await readRecord(reader, pathsSchema);
    if (batch === undefined) break;
    paths.push(...batch);
    if (paths.length > limits.entries)
      throw new Fault('protocol-violation', 'more paths asked for than can exist');
  }
  await reader.end();
  return paths;
}

function* batches<T extends string | Entry | Refusal>(items: Iterable<T>): Generator<T[]> {
  let batch: T[] = [];
  let characters = 0;
  for (const item of items) {
    batch.push(item);
    characters += weight(item);
    if (batch.length < BATCH && characters < BATCH_CHARACTERS) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}

function charactersOf(items: readonly (string | Entry | Refusal)[]): number {
  return items.reduce((sum, item) => sum + weight(item), 0);
}

/** Characters of the names in it. */
export function weight(item: string | Entry | Refusal): number {
  if (typeof item === 'string') return item.length;
  return item.path.length + ('target' in item ? item.target.length : 0);
}
