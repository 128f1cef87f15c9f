import type { Stats } from 'node:fs';
import { digestFile } from './digest-file.ts';
import { type Entry, sameEntry } from './entry.ts';
import { type SeenTree, sameStamp, typeOf } from './stamp.ts';

/**
 * Whether what is on disk now is what the scan saw and the plan was made for.
 * @param moved it was renamed since, which changes its ctime
 */
export async function isAsSeen(
  tree: SeenTree,
  was: Entry,
  onDisk: string,
  stats: Stats,
  moved = false,
): Promise<boolean> {
  const seen = tree.get(was.path);
  if (seen === undefined || !sameEntry(seen.entry, was) || typeOf(stats) !== was.type) return false;
  // A folder's times change with what is in it; it goes only when empty.
  if (was.type === 'folder') return true;
  const stamp = moved ? { ...seen.stamp, ctime: stats.ctimeMs } : seen.stamp;
  if (!sameStamp(stamp, stats)) return false;
  // The times may be the same although the content is not.
  return was.type === 'link' || !seen.stamp.racy || (await digestFile(onDisk))?.digest === was.digest;
}
