import { join } from 'node:path';
import { digestFile } from '../shared/digest-file.ts';
import type { Entry } from '../shared/entry.ts';
import { Folders } from '../shared/folders.ts';
import type { SeenTree } from '../shared/stamp.ts';
import type { Return } from './chain.ts';
import { look, type Sight, shows } from './look.ts';

/** Why a path was left as it is. */
export type LeftReason =
  /** somebody has changed it since */
  | 'changed'
  /** what was there is not kept any more, or not as it was */
  | 'not-kept'
  /** a folder holds what the session did not make */
  | 'not-empty'
  /** the disk refuses */
  | 'refused';

/** One path that can be as it was again. */
export interface Returnable extends Return {
  /** what is there now */
  current: Entry | undefined;
}

interface Judged {
  todo: Returnable[];
  /** what was found at the paths */
  seen: SeenTree;
  /** paths that are as before already */
  already: string[];
  left: { path: string; reason: LeftReason }[];
}

/**
 * Looks at each path: only what is still as the session left it is touched. Changes nothing.
 * @param cleared paths that an undo of the session had cleared for what was there before when it was cut off
 */
export async function judge(
  root: string,
  returns: readonly Return[],
  trash: string,
  cleared: ReadonlySet<string>,
): Promise<Judged> {
  const judged: Judged = { todo: [], seen: new Map(), already: [], left: [] };
  const folders = new Folders(root);
  try {
    for (const back of returns) {
      const { path, left, before, n } = back;
      const sight = await look(folders, path);
      if (typeof sight === 'object') judged.seen.set(path, sight);
      if (isBack(sight, back)) judged.already.push(path);
      else if (!shows(sight, left) && !(sight === 'nothing' && cleared.has(path)))
        judged.left.push({ path, reason: 'changed' });
      else if (before?.type === 'file' && !(await isKept(join(trash, String(n)), before.digest)))
        judged.left.push({ path, reason: 'not-kept' });
      else judged.todo.push({ ...back, current: typeof sight === 'object' ? sight.entry : undefined });
    }
  } finally {
    folders.close();
  }
  return judged;
}

function isBack(sight: Sight, { left, before }: Return): boolean {
  if (!shows(sight, before)) return false;
  // The same content before and after: only the executable bit was changed.
  if (!shows(sight, left) || typeof sight === 'string') return true;
  return sight.entry.type !== 'file' || before?.type !== 'file' || sight.entry.exec === before.exec;
}

/** A file kept under a second name may have been written to by a program that had it open. */
async function isKept(kept: string, digest: string): Promise<boolean> {
  return (await digestFile(kept).catch(() => undefined))?.digest === digest;
}
