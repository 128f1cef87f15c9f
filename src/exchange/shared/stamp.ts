import type { Stats } from 'node:fs';
import type { Entry } from './entry.ts';

/** What one look at a path without reading it tells: as long as it stays the same, so has the content. */
export interface Stamp {
  size: number;
  /** milliseconds with a fraction, good to a quarter of a microsecond; kernels stamp in steps of 1–4 ms */
  mtime: number;
  ctime: number;
  ino: number;
  /** changed so shortly before the look that a later change may carry the same time (git's racy index) */
  racy: boolean;
}

/** An entry as it was found on disk. */
export interface Seen {
  entry: Entry;
  stamp: Stamp;
}

/** A tree as it was found on disk; given to the next scan it saves reading what has not changed. */
export type SeenTree = Map<string, Seen>;

/** FAT keeps times in steps of two seconds. */
const RACY_MS = 2000;

export function stampOf(stats: Stats, now: number): Stamp {
  return {
    size: stats.size,
    mtime: stats.mtimeMs,
    ctime: stats.ctimeMs,
    ino: stats.ino,
    racy: stats.mtimeMs > now - RACY_MS,
  };
}

export function sameStamp(stamp: Stamp, stats: Stats): boolean {
  return (
    stamp.size === stats.size &&
    stamp.mtime === stats.mtimeMs &&
    stamp.ctime === stats.ctimeMs &&
    stamp.ino === stats.ino
  );
}

export function typeOf(stats: Stats): Entry['type'] | 'special' {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  if (stats.isSymbolicLink()) return 'link';
  return 'special';
}
