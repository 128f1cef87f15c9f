import * as z from 'zod/mini';

/** One path of a tree, as both sides agree on it: times are not part of the agreement. */
export type Entry = FileEntry | FolderEntry | LinkEntry;

export interface FileEntry {
  path: string;
  type: 'file';
  /** whether the owner may execute it; no other permission travels */
  exec: boolean;
  /** bytes */
  size: number;
  /** SHA-256 of the content, lower-case hex */
  digest: string;
}

export interface FolderEntry {
  path: string;
  type: 'folder';
}

export interface LinkEntry {
  path: string;
  type: 'link';
  /** relative to the folder of the link, `/` between names */
  target: string;
}

export type Tree = Map<string, Entry>;

/** How much one exchange may carry. */
export interface Limits {
  entries: number;
  /** total of all files */
  bytes: number;
}

export const LIMITS: Limits = { entries: 200_000, bytes: 4 * 2 ** 30 };

// Length only: what a path may be is decided by checkPath, which gives a reason that can be reported.
const text = z.string().check(z.minLength(1), z.maxLength(4096));

export const entrySchema = z.discriminatedUnion('type', [
  z.strictObject({
    path: text,
    type: z.literal('file'),
    exec: z.boolean(),
    size: z.int().check(z.nonnegative()),
    digest: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  }),
  z.strictObject({ path: text, type: z.literal('folder') }),
  z.strictObject({ path: text, type: z.literal('link'), target: text }),
]);

/** Whether two entries say the same, wherever they are. */
export function sameEntry(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.type === 'file' && b.type === 'file')
    return a.digest === b.digest && a.size === b.size && a.exec === b.exec;
  if (a.type === 'link' && b.type === 'link') return a.target === b.target;
  return a.type === b.type;
}

/** The same entry under another path. */
export function movedEntry(entry: Entry, path: string): Entry {
  return { ...entry, path };
}
