import { closeSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '../../bundle/progress.ts';
import { Apply } from '../shared/apply.ts';
import type { Content } from '../shared/bundle-stream.ts';
import { openFile } from '../shared/digest-file.ts';
import { isGone } from '../shared/disk-fault.ts';
import type { Entry, FileEntry } from '../shared/entry.ts';
import type { Keeper } from '../shared/keeper.ts';
import { isWithin } from '../shared/path.ts';
import type { SeenTree } from '../shared/stamp.ts';
import type { LeftReason, Returnable } from './returnable.ts';

interface Place {
  root: string;
  seen: SeenTree;
  /** keeps what is taken away now */
  keeper: Keeper;
  /** where what was there before is kept */
  trash: string;
}

interface PutBackOptions {
  /** names the temporary folder */
  session: string;
  signal?: AbortSignal | undefined;
  progress?: Progress | undefined;
  effect?: ((what: string) => void) | undefined;
}

/**
 * Puts paths back as they were, by the same steps as an exchange: looked at once more, kept, whole or not at all.
 * @param downwards sorted by path
 * @returns those that could not be, and why
 */
export async function putBack(
  downwards: readonly Returnable[],
  { root, seen, keeper, trash }: Place,
  { session, signal, progress, effect }: PutBackOptions,
): Promise<Map<string, LeftReason>> {
  const refused = new Map<string, LeftReason>();
  const apply = new Apply(root, { session, seen, keeper, effect });
  progress?.({ type: 'step', step: UNDO });
  try {
    const upwards = downwards.toReversed();
    // A folder and a file cannot change places: what was made in the place of the other goes first.
    const swapped = downwards
      .filter(({ current, before }) => isSwap(current, before))
      .map(({ path }) => path);
    const isSwapped = (path: string) => swapped.some((top) => isWithin(path, top));
    for (const { path, current } of upwards) if (current && isSwapped(path)) await apply.remove(current);
    for (const { before, current, n, mode } of downwards.toSorted(byType)) {
      signal?.throwIfAborted();
      const was = isSwap(current, before) ? undefined : current;
      if (before?.type === 'file') {
        if (!(await putFile(apply, before, was, { kept: join(trash, String(n)), mode })))
          refused.set(before.path, 'not-kept');
      } else if (before !== undefined) await apply.put(before, was, undefined, NO_CONTENT, mode);
    }
    await apply.flush();
    for (const { path, current, before } of upwards)
      if (current && !before && !isSwapped(path)) await apply.remove(current);
    await apply.finish();
  } finally {
    apply.close();
  }
  progress?.({ type: 'done', step: UNDO });
  for (const { path, reason } of apply.refused) {
    // Where a folder could not go, its place was not free for what was there before: the first reason is the one to tell.
    if (refused.has(path)) continue;
    refused.set(path, reason === 'changed' || reason === 'not-empty' ? reason : 'refused');
  }
  return refused;
}

const UNDO = 'bring back what the session replaced';

const NO_CONTENT: Content = { next: async () => undefined };

function isSwap(a: Entry | undefined, b: Entry | undefined): boolean {
  return a !== undefined && b !== undefined && (a.type === 'folder') !== (b.type === 'folder');
}

/** Folders before what is in them, links last. */
function byType(a: Returnable, b: Returnable): number {
  return RANK[a.before?.type ?? 'folder'] - RANK[b.before?.type ?? 'folder'];
}

const RANK = { folder: 0, file: 1, link: 2 } as const;

/** @returns false when what was kept has been pruned meanwhile */
async function putFile(
  apply: Apply,
  entry: FileEntry,
  was: Entry | undefined,
  { kept, mode }: { kept: string; mode: number | undefined },
): Promise<boolean> {
  let fd: number;
  try {
    fd = openFile(kept).fd;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
  try {
    const piece = Buffer.allocUnsafe(PIECE);
    const next = async () => {
      const got = readSync(fd, piece, 0, piece.length, null);
      return got === 0 ? undefined : piece.subarray(0, got);
    };
    await apply.put(entry, was, undefined, { next }, mode);
    return true;
  } finally {
    closeSync(fd);
  }
}

const PIECE = 256 * 1024;
