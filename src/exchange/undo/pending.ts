import { existsSync, lstatSync } from 'node:fs';
import type { sessionNames } from '../../bundle/folder.ts';
import { digestFile } from '../shared/digest-file.ts';
import { isGone } from '../shared/disk-fault.ts';
import { Folders } from '../shared/folders.ts';
import { nameOf, parentOf } from '../shared/path.ts';
import { type Journal, type KeptChange, type Line, pathOf, readJournal } from './journal.ts';
import { JournalWriter } from './journal-writer.ts';
import { look, type Sight, shows } from './look.ts';
import { Trash } from './trash.ts';

/**
 * Completes the journal of a session that was cut off. To be called by the holder of the project's lock only.
 * @returns what it says then; undefined when there is none for this project
 */
export async function settleJournal(
  names: Pick<ReturnType<typeof sessionNames>, 'journal' | 'trash'>,
  root: string,
): Promise<Journal | undefined> {
  const journal = await readJournal(names.journal);
  if (journal === undefined || journal.project !== root || journal.pending.length === 0) return journal;
  const undone = await settlePending(root, journal.pending, await Trash.open(names.trash));
  const writer = await JournalWriter.open(names.journal, journal.length);
  try {
    const lines = undone.map((n): Line => ({ op: 'not', n }));
    writer.append([...lines, { op: 'done', n: journal.last }]);
    await writer.sync();
  } finally {
    writer.close();
  }
  return await readJournal(names.journal);
}

/**
 * Looks at each change that was announced and may not have been made. A change is one rename, so its path is as it was or
 * as it was to be; what a removal took that was not announced goes back.
 * @returns the numbers of those that were not made; nothing is kept for them any more
 */
export async function settlePending(
  root: string,
  pending: readonly KeptChange[],
  trash: Trash,
): Promise<number[]> {
  if (pending.length === 0) return [];
  const undone: number[] = [];
  const folders = new Folders(root);
  try {
    for (const change of pending) {
      const sight = await look(folders, pathOf(change));
      if (!isMade(change, sight)) {
        trash.drop(change.n);
        undone.push(change.n);
      } else if (sight === 'nothing' && !(await isOurs(change, trash))) {
        if (giveBack(folders, change, trash)) undone.push(change.n);
      }
    }
  } finally {
    folders.close();
  }
  return undone;
}

/** When something else altogether is there by now, what is kept must not be dropped. */
function isMade({ was, now }: KeptChange, sight: Sight): boolean {
  if (!shows(sight, was)) return true;
  // Both look the same when only the executable bit was to change.
  if (!shows(sight, now) || typeof sight === 'string') return false;
  return sight.entry.type === 'file' && now?.type === 'file' && sight.entry.exec === now.exec;
}

/** Whether what a removal has moved away is what it was to remove. */
async function isOurs({ n, was }: KeptChange, trash: Trash): Promise<boolean> {
  const kept = trash.pathOf(n);
  if (was?.type !== 'file' || !existsSync(kept)) return true;
  return lstatSync(kept).isFile() && (await digestFile(kept))?.digest === was.digest;
}

function giveBack(folders: Folders, change: KeptChange, trash: Trash): boolean {
  const path = pathOf(change);
  try {
    return trash.giveBack(change.n, `${folders.enter(parentOf(path))}/${nameOf(path)}`);
  } catch (error) {
    // Its folder has gone meanwhile.
    if (isGone(error)) return false;
    throw error;
  }
}
