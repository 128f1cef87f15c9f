import { rm } from 'node:fs/promises';
import * as z from 'zod/mini';
import { guestContents, hostContent } from '../exchange/contents.ts';
import { difference } from '../exchange/difference.ts';
import type { Passed } from '../exchange/project-exchange.ts';
import { holdText } from '../exchange/report.ts';
import { type Entry, entrySchema, type FileEntry, sameEntry } from '../exchange/shared/entry.ts';
import { Folders } from '../exchange/shared/folders.ts';
import { isWithin } from '../exchange/shared/path.ts';
import { release, type Waiting } from '../exchange/waiting.ts';
import { isFault } from '../fault/fault.ts';
import { readJson, writeJson } from '../platform/json-file.ts';
import type { ProjectLink } from './projects.ts';
import { newSessionId } from './session-id.ts';

/** One change of the guest that waits, as it is shown. */
export interface WaitingChange {
  path: string;
  change: 'new' | 'changed' | 'removed';
  type: Entry['type'];
  /** why it waits */
  reason: string;
  /** unified diff; absent when it was not asked for, or one side is no text or too long */
  diff?: string;
}

export interface Decided extends Passed {
  /** chosen, but the guest has changed them since they were shown, or they were never shown */
  unseen: string[];
}

/** What waits at or below these paths; all if there are none. It is remembered as shown. */
export async function listWaiting(
  link: ProjectLink,
  paths: readonly string[],
  withDiff: boolean,
): Promise<WaitingChange[]> {
  const { waiting } = await link.pass({ session: newSessionId(new Date()), dry: true });
  const chosen = waiting.filter(({ path }) => isChosen(path, paths));
  const diffs = withDiff ? await diffsOf(link, chosen) : new Map<string, string>();
  await rememberShown(link, waiting, chosen);
  return chosen.map((item) => {
    const diff = diffs.get(item.path);
    return {
      path: item.path,
      change: item.guest === undefined ? 'removed' : item.host === undefined ? 'new' : 'changed',
      type: item.guest?.type ?? item.host?.type ?? 'file',
      reason: holdText(item.hold),
      ...(diff === undefined ? {} : { diff }),
    };
  });
}

/**
 * Lets through, or takes back in the guest, what waits at or below these paths; all if there are none.
 * @param unseen also what was not shown, or looks different since
 */
export async function decideWaiting(
  link: ProjectLink,
  goal: 'apply' | 'discard',
  paths: readonly string[],
  unseen: boolean,
): Promise<Decided> {
  const shown = await readShown(link);
  const left: string[] = [];
  const choose = (waiting: readonly Waiting[]) =>
    release(waiting, ({ path, guest }) => {
      if (!isChosen(path, paths)) return false;
      const isAsShown = shown.has(path) && sameEntry(shown.get(path), guest);
      if (!isAsShown && !unseen) left.push(path);
      return isAsShown || unseen;
    });
  const session = newSessionId(new Date());
  const passed = await link.pass({
    session,
    undo: link.undoOf(session),
    ...(goal === 'apply' ? { accept: choose } : { discard: choose }),
  });
  if (passed.waiting.length === 0) await rm(link.shown, { force: true });
  return { ...passed, unseen: left };
}

function isChosen(path: string, paths: readonly string[]): boolean {
  return paths.length === 0 || paths.some((top) => isWithin(path, top));
}

async function diffsOf(link: ProjectLink, chosen: readonly Waiting[]): Promise<Map<string, string>> {
  const files = chosen
    .map(({ guest }) => guest)
    .filter((entry): entry is FileEntry => entry?.type === 'file');
  const contents = await guestContents(link.tree, files);
  const diffs = new Map<string, string>();
  const folders = new Folders(link.root);
  try {
    for (const { path, guest, host } of chosen) {
      const after = guest?.type === 'file' ? contents.get(path) : undefined;
      if ((guest ?? host)?.type !== 'file' || (guest?.type === 'file' && after === undefined)) continue;
      const before = host?.type === 'file' ? hostContent(folders, path) : undefined;
      if (host?.type === 'file' && before === undefined) continue;
      const diff = difference(path, before, after);
      if (diff !== undefined) diffs.set(path, diff);
    }
  } finally {
    folders.close();
  }
  return diffs;
}

/** What a person has seen of each path that waits; null: that the guest removed it. */
const shownSchema = z.array(z.tuple([z.string(), z.nullable(entrySchema)]));

async function readShown(link: ProjectLink): Promise<Map<string, Entry | undefined>> {
  try {
    const shown = (await readJson(link.shown, shownSchema)) ?? [];
    return new Map(shown.map(([path, entry]) => [path, entry ?? undefined]));
  } catch (error) {
    // Then nothing was shown.
    if (isFault(error, 'config-invalid')) return new Map();
    throw error;
  }
}

async function rememberShown(
  link: ProjectLink,
  waiting: readonly Waiting[],
  now: readonly Waiting[],
): Promise<void> {
  const before = await readShown(link);
  const shown = new Map<string, Entry | undefined>();
  for (const { path } of waiting) if (before.has(path)) shown.set(path, before.get(path));
  for (const { path, guest } of now) shown.set(path, guest);
  await writeJson(
    link.shown,
    [...shown].map(([path, entry]) => [path, entry ?? null]),
    { mode: 0o600 },
  );
}
