import { lstatSync, type Stats } from 'node:fs';
import { isAsSeen } from './as-seen.ts';
import { isGone } from './disk-fault.ts';
import type { Keeper } from './keeper.ts';
import { type Change, onDiskAt, placed, type Site } from './place.ts';
import type { Reason } from './reason.ts';

/** A change whose announcement and pre-image are on the disk. */
interface Announced {
  change: Change;
  number: number;
}

/** Does something for one change, noting why it cannot be done. @returns whether it was done */
type Attempt = (change: Change, work: () => Promise<Reason | undefined>) => Promise<boolean>;

/**
 * Announces a batch of changes and keeps what they replace or remove. One flush for all the announcements and one for all
 * that is kept, however many there are.
 * @returns those that can go on; the others were noted
 */
export async function announced(
  site: Site,
  keeper: Keeper,
  batch: readonly Change[],
  attempt: Attempt,
): Promise<Announced[]> {
  const possible: { change: Change; mode: number | undefined }[] = [];
  for (const change of batch) {
    let mode: number | undefined;
    let isNeeded = true;
    const isPossible = await attempt(change, async () => {
      const stats = statsAt(site, (change.entry ?? change.was).path);
      mode = stats === undefined ? undefined : stats.mode & 0o7777;
      isNeeded = !isThere(site, change, stats);
      return isNeeded ? await objection(site, change, stats) : undefined;
    });
    if (isPossible && isNeeded) possible.push({ change, mode });
  }
  if (possible.length === 0) return [];
  site.effect('announce');
  const numbers = await keeper.announce(
    possible.map(({ change: { was, entry }, mode }) => ({ was, now: entry, mode })),
  );
  const ready: Announced[] = [];
  for (const [index, { change }] of possible.entries()) {
    const number = numbers[index];
    if (number === undefined) throw new Error('announced without a number');
    if (await attempt(change, () => keep(site, keeper, change, number))) ready.push({ change, number });
    else keeper.drop(number);
  }
  await keeper.settle();
  return ready;
}

/** @returns undefined where nothing is, not even its folder: that may be made by the same batch */
function statsAt(site: Site, path: string): Stats | undefined {
  try {
    return lstatSync(onDiskAt(site, path), { throwIfNoEntry: false });
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Whether there is nothing to do, so that nothing may be announced: a folder that others made is not ours to remove. */
function isThere(site: Site, { kind, entry, was }: Change, stats: Stats | undefined): boolean {
  if (kind === 'folder' && stats?.isDirectory() === true) placed(site, entry);
  else if (kind === 'removal' && stats === undefined) site.seen.delete(was.path);
  else return false;
  return true;
}

async function objection(site: Site, { was }: Change, stats: Stats | undefined): Promise<Reason | undefined> {
  if (was === undefined) return undefined;
  if (stats === undefined) return 'changed';
  return (await isAsSeen(site.seen, was, onDiskAt(site, was.path), stats)) ? undefined : 'changed';
}

async function keep(
  site: Site,
  keeper: Keeper,
  { kind, was }: Change,
  number: number,
): Promise<Reason | undefined> {
  if (was === undefined || was.type === 'folder') return undefined;
  const onDisk = onDiskAt(site, was.path);
  const before = lstatSync(onDisk);
  site.effect(`keep ${was.path}`);
  if (!(await keeper.keep(number, onDisk, before, kind === 'removal'))) return undefined;
  const after = lstatSync(onDisk);
  const seen = site.seen.get(was.path);
  if (seen === undefined || after.mode !== before.mode) return 'changed';
  // A second name makes a new ctime; everything else is compared once more before the change.
  site.seen.set(was.path, { ...seen, stamp: { ...seen.stamp, ctime: after.ctimeMs } });
  return undefined;
}
