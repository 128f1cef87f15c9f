import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { type Folder, SESSION_NAME, sessionNames, stateNames } from '../../bundle/folder.ts';
import { Fault, systemCode } from '../../fault/fault.ts';
import { holds } from '../project-root.ts';
import { returnsOf } from './chain.ts';
import { type Journal, readJournal } from './journal.ts';

/** A session that can be undone, and what that would do. */
export interface KeptSession {
  session: string;
  project: string;
  /** when it last began to change the project */
  at: string;
  /** the session that this one undid */
  undoes: string | undefined;
  /** and only some of its paths */
  isPart: boolean;
  /** its last changes were cut off */
  isCutOff: boolean;
  /** paths that would come back, and that would go */
  restores: number;
  removes: number;
}

/**
 * The sessions that changed a project on the host and can be undone, the last one first.
 * @param project its folder, or one in it
 */
export async function keptSessions(folder: Folder, project: string): Promise<KeptSession[]> {
  const found: KeptSession[] = [];
  for (const session of await sessionsWithUndo(folder)) {
    const journal = await readJournal(sessionNames(folder, session).journal);
    if (journal !== undefined && holds(journal.project, project)) found.push(summary(session, journal));
  }
  // The nearest folder around it that is a project.
  const root = found.map((each) => each.project).reduce((a, b) => (b.length > a.length ? b : a), '');
  // Ids of one second are in no order.
  return found.filter((each) => each.project === root).sort((a, b) => (a.at > b.at ? -1 : 1));
}

/** @throws Fault `session-unknown` */
export async function keptSession(folder: Folder, session: string): Promise<KeptSession> {
  const journal = SESSION_NAME.test(session)
    ? await readJournal(sessionNames(folder, session).journal)
    : undefined;
  if (journal === undefined) throw unknownSession(session);
  return summary(session, journal);
}

/**
 * What to undo when no session is named: the last one that is not undone yet. An undo that was cut off, or was of some paths
 * only, leaves its session to be undone; one that was itself undone does not count.
 * @param sessions of one project, the last one first
 */
export function lastToUndo(sessions: readonly KeptSession[]): string | undefined {
  const undone = new Set<string>();
  for (const { session, undoes, isCutOff, isPart, restores, removes } of sessions) {
    if (undone.has(session)) continue;
    if (undoes === undefined && restores + removes > 0) return session;
    if (undoes !== undefined && !isCutOff && !isPart) undone.add(undoes);
  }
  return undefined;
}

export function unknownSession(session: string): Fault {
  return new Fault('session-unknown', `nothing is kept of a session ${session}`, {
    hint: 'pcoder undo --list',
  });
}

/** Names of the sessions of which anything is kept, the youngest first. */
export async function sessionsWithUndo(folder: Folder): Promise<string[]> {
  const { sessions } = stateNames(folder);
  const names = await readdir(sessions).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  // Sessions stay when what is kept of them goes, so there may be thousands: 3 µs each, ten times as much asynchronously.
  return names
    .filter((name) => SESSION_NAME.test(name) && existsSync(sessionNames(folder, name).undo))
    .sort()
    .reverse();
}

function summary(session: string, journal: Journal): KeptSession {
  const returns = [...returnsOf(journal.changes).values()];
  return {
    session,
    project: journal.project,
    at: journal.at,
    undoes: journal.undoes,
    isPart: journal.isPart,
    isCutOff: !journal.isClosed,
    restores: returns.filter(({ before }) => before).length,
    removes: returns.filter(({ before }) => !before).length,
  };
}
