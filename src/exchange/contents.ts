import { createHash } from 'node:crypto';
import { closeSync, readSync } from 'node:fs';
import { Fault, systemCode } from '../fault/fault.ts';
import { type Content, readItems } from './shared/bundle-stream.ts';
import { openFile } from './shared/digest-file.ts';
import { type Entry, type FileEntry, sameEntry } from './shared/entry.ts';
import type { Folders } from './shared/folders.ts';
import type { GuestTree } from './shared/guest-tree.ts';
import { writePaths } from './shared/listing.ts';
import { nameOf, parentOf } from './shared/path.ts';

/** Longest file a person is shown the content of. */
export const SHOWN_BYTES = 512 * 1024;

/**
 * What files of the guest hold, as it listed them. Those that are not so any more, or are longer than `limit`, are left out.
 * @throws Fault `protocol-violation`
 */
export async function guestContents(
  guest: GuestTree,
  files: readonly FileEntry[],
  limit: number = SHOWN_BYTES,
): Promise<Map<string, Buffer>> {
  const asked = new Map(files.filter(({ size }) => size <= limit).map((file) => [file.path, file]));
  const found = new Map<string, Buffer>();
  if (asked.size === 0) return found;
  const take = async (entry: Entry, content: Content) => {
    const wanted = asked.get(entry.path);
    if (wanted === undefined)
      throw new Fault('protocol-violation', 'the guest sent a file that was not asked for');
    if (!sameEntry(wanted, entry)) return;
    const pieces: Buffer[] = [];
    for (let piece = await content.next(); piece !== undefined; piece = await content.next())
      pieces.push(Buffer.from(piece));
    const bytes = Buffer.concat(pieces);
    // What is looked at here must be what the digest lets in later.
    if (createHash('sha256').update(bytes).digest('hex') === wanted.digest) found.set(entry.path, bytes);
  };
  const bytes = [...asked.values()].reduce((sum, { size }) => sum + size, 0);
  await readItems(
    guest.get(one(writePaths(asked.keys()))),
    {
      put: (entry, _was, _mtime, content) => take(entry, content),
      remove: async () => {
        throw new Fault('protocol-violation', 'the guest sent a removal where files were asked for');
      },
      skip: async () => undefined,
    },
    { entries: asked.size, bytes },
  );
  return found;
}

/** What a file of the host's project holds; undefined when it is gone, no file, or too long to be shown. */
export function hostContent(folders: Folders, path: string, limit: number = SHOWN_BYTES): Buffer | undefined {
  try {
    const { fd, stats } = openFile(`${folders.enter(parentOf(path))}/${nameOf(path)}`);
    try {
      if (stats.size > limit) return undefined;
      const content = Buffer.alloc(stats.size);
      let length = 0;
      while (length < content.length) {
        const got = readSync(fd, content, length, content.length - length, null);
        if (got === 0) break;
        length += got;
      }
      return content.subarray(0, length);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

async function* one<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
