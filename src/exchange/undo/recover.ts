import { readdirSync, rmSync } from 'node:fs';
import { type Folder, SESSION_NAME, sessionNames } from '../../bundle/folder.ts';
import { isGone } from '../shared/disk-fault.ts';
import { TEMPORARY_PREFIX } from '../shared/ignore.ts';
import { settleJournal } from './pending.ts';
import { tryLockProject } from './project-lock.ts';

/**
 * Completes what sessions of this portable folder have left of an apply that was cut off: their journals say what was
 * made, and their temporary folders go. While somebody changes the project now, that is left to the next.
 */
export async function recover(folder: Folder, root: string): Promise<void> {
  if (leftBehind(root).length === 0) return;
  const lock = await tryLockProject(folder, root);
  if (lock === undefined) return;
  try {
    await recoverLocked(folder, root);
  } finally {
    lock.release();
  }
}

/** The same for the holder of the project's lock. */
export async function recoverLocked(folder: Folder, root: string): Promise<void> {
  for (const session of leftBehind(root)) {
    const journal = await settleJournal(sessionNames(folder, session), root);
    // A session without a journal here is of another portable folder, and may be at work.
    if (journal?.project === root)
      rmSync(`${root}/${TEMPORARY_PREFIX}${session}`, { recursive: true, force: true });
  }
}

/** An apply has a temporary folder named after its session for as long as it lasts. */
function leftBehind(root: string): string[] {
  return namesIn(root)
    .filter((name) => name.startsWith(TEMPORARY_PREFIX))
    .map((name) => name.slice(TEMPORARY_PREFIX.length))
    .filter((session) => SESSION_NAME.test(session));
}

/** A project that is gone is told of by the scan. */
function namesIn(root: string): string[] {
  try {
    return readdirSync(root);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}
