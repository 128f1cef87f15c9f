import { lstatSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Folder, isRemovedUndo, removedUndo, sessionNames, stateNames } from '../../bundle/folder.ts';
import { Pace } from '../shared/pace.ts';
import { sessionsWithUndo } from './kept-sessions.ts';

/** How much is kept to undo sessions with. */
export interface UndoLimit {
  /** bytes of all sessions together */
  bytes: number;
  /** days since a session last changed something */
  days: number;
}

/**
 * Forgets what is kept of sessions beyond the limits, the oldest first. Never of the youngest, nor of any that may still be
 * running, so one session alone may be larger than the limit.
 * @returns the sessions that can no longer be undone
 */
export async function prune(folder: Folder, limit: UndoLimit, now = Date.now()): Promise<string[]> {
  await finishRemovals(folder);
  const pruned: string[] = [];
  let bytes = 0;
  for (const [index, session] of (await sessionsWithUndo(folder)).entries()) {
    const names = sessionNames(folder, session);
    const changed = (await stat(names.journal).catch(() => undefined))?.mtimeMs ?? 0;
    bytes += await sizeOf(names.trash);
    const isTooMuch = bytes > limit.bytes || changed < now - limit.days * DAY_MS;
    if (index === 0 || !isTooMuch || (await mayRun(names.record, now - changed))) continue;
    // Away with both halves at once: a journal without its files would promise what it cannot keep.
    const removed = removedUndo(folder, session);
    await rename(names.undo, removed);
    await rm(removed, { recursive: true, force: true });
    pruned.push(session);
  }
  return pruned;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** An undo that is at work changes its journal all the time. */
const AT_WORK_MS = 5 * 60 * 1000;

/** A record that says it runs, a day after the last change, was left by a crash. An undo has no record. */
async function mayRun(record: string, age: number): Promise<boolean> {
  if (age < AT_WORK_MS) return true;
  const text = await readFile(record, 'utf8').catch(() => undefined);
  return text !== undefined && age < DAY_MS && !/"state": *"(finished|failed)"/.test(text);
}

/** Bytes on the disk. */
async function sizeOf(trash: string): Promise<number> {
  let bytes = 0;
  const pace = new Pace();
  for (const name of await readdir(trash).catch(() => [])) {
    bytes += lstatSync(join(trash, name), { throwIfNoEntry: false })?.size ?? 0;
    if (pace.due()) await pace.rest();
  }
  return bytes;
}

async function finishRemovals(folder: Folder): Promise<void> {
  const { sessions } = stateNames(folder);
  for (const name of await readdir(sessions).catch(() => []))
    if (isRemovedUndo(name)) await rm(join(sessions, name), { recursive: true, force: true });
}
