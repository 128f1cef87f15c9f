import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Folder, sessionNames } from '../../bundle/folder.ts';
import type { Progress } from '../../bundle/progress.ts';
import { chosen, type Return, returnsOf } from './chain.ts';
import { pathOf, readJournal } from './journal.ts';
import { sessionsWithUndo, unknownSession } from './kept-sessions.ts';
import { settleJournal } from './pending.ts';
import { lockProject } from './project-lock.ts';
import { putBack } from './put-back.ts';
import { recoverLocked } from './recover.ts';
import { judge, type LeftReason } from './returnable.ts';
import { SessionKeeper } from './session-keeper.ts';

interface UndoOptions {
  folder: Folder;
  /** the project's folder, as the session's journal names it */
  root: string;
  /** the session to undo */
  session: string;
  /** what this undoing is called, so that it can be undone */
  as: string;
  /** which project paths; by default all */
  isChosen?: ((path: string) => boolean) | undefined;
  signal?: AbortSignal | undefined;
  progress?: Progress | undefined;
  /** called before each change; tests fail there */
  effect?: ((what: string) => void) | undefined;
}

export interface Left {
  path: string;
  reason: LeftReason;
  /** the file that keeps what was there before the session */
  kept: string | undefined;
}

export interface Undone {
  /** paths that are as they were again */
  restored: string[];
  /** paths the session had made, gone again */
  removed: string[];
  /** paths that had already been as before */
  already: string[];
  left: Left[];
}

/**
 * Brings back what a session replaced or removed on the host and removes what it made, each only if it is still as the
 * session left it. This is one more session to itself: it keeps what it takes away.
 * @throws Fault `session-unknown`, `project-busy`, `interrupted`, `disk-full`, `folder-unwritable`
 */
export async function undoSession(options: UndoOptions): Promise<Undone> {
  const { folder, root, session, as, isChosen, signal, progress, effect } = options;
  const names = sessionNames(folder, session);
  const lock = await lockProject(folder, root, { signal });
  let keeper: SessionKeeper | undefined;
  let isWhole = false;
  try {
    await recoverLocked(folder, root);
    const journal = await settleJournal(names, root);
    if (journal === undefined || journal.project !== root) throw unknownSession(session);
    const returns = chosen(returnsOf(journal.changes), isChosen ?? (() => true));
    const { todo, seen, already, left } = await judge(
      root,
      returns,
      names.trash,
      await clearedBefore(folder, session),
    );
    const refused = new Map<string, LeftReason>();
    if (todo.length > 0) {
      const undoes = { session, isPart: isChosen !== undefined };
      keeper = await SessionKeeper.open({ folder, session: as, root, undoes }, lock);
      const place = { root, seen, keeper, trash: names.trash };
      for (const [path, reason] of await putBack(todo, place, { session: as, signal, progress, effect }))
        refused.set(path, reason);
    }
    const done = todo.filter(({ path }) => !refused.has(path));
    for (const back of todo) {
      const reason = refused.get(back.path);
      if (reason !== undefined) left.push({ path: back.path, reason });
    }
    isWhole = true;
    const byPath = new Map(returns.map((back) => [back.path, back]));
    return {
      restored: done.filter(({ before }) => before).map(({ path }) => path),
      removed: done.filter(({ before }) => !before).map(({ path }) => path),
      already,
      left: left.map((each) => ({ ...each, kept: keptAt(byPath.get(each.path), each.reason, names.trash) })),
    };
  } finally {
    if (keeper === undefined) lock.release();
    else await keeper.close(isWhole);
  }
}

/** Where one makes room for the other, a folder and a file, there is nothing in between. */
async function clearedBefore(folder: Folder, session: string): Promise<Set<string>> {
  const cleared = new Set<string>();
  for (const name of await sessionsWithUndo(folder)) {
    const journal = await readJournal(sessionNames(folder, name).journal);
    if (journal?.undoes !== session || journal.isClosed) continue;
    for (const change of journal.changes) if (change.now === undefined) cleared.add(pathOf(change));
  }
  return cleared;
}

function keptAt(back: Return | undefined, reason: LeftReason, trash: string): string | undefined {
  if (back?.before?.type !== 'file' || reason === 'not-kept') return undefined;
  const kept = join(trash, String(back.n));
  return existsSync(kept) ? kept : undefined;
}
