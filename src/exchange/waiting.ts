import { type Entry, sameEntry, type Tree } from './shared/entry.ts';
import { isWithin, parentOf } from './shared/path.ts';

/** Why a change of the guest waits for a person. */
export type Hold =
  /** every change does: the exchange is under review */
  | { why: 'review' }
  /** it could run a program on the host by being opened, built, committed or entered */
  | { why: 'quarantine'; reason: string }
  /** one of so many removals that something may have gone wrong */
  | { why: 'many-removals' };

/** A change of the guest that does not reach the host before a person has said so. */
export interface Waiting {
  path: string;
  /** what the guest has there; undefined: it removed it */
  guest: Entry | undefined;
  /** what the host has there */
  host: Entry | undefined;
  hold: Hold;
}

export interface HoldRules {
  /** hold everything */
  review: boolean;
  /** @returns why a change at this path could run a program on the host */
  quarantine(path: string, guest: Entry | undefined): string | undefined;
  /** more removals than this share of the tree wait, if they are more than a handful */
  removals: number;
}

export const HOLD_NOTHING: HoldRules = { review: false, quarantine: () => undefined, removals: 1 };

/** All of several rules at once. */
export function strictest(rules: readonly HoldRules[]): HoldRules {
  return {
    review: rules.some(({ review }) => review),
    quarantine: (path, guest) => {
      for (const { quarantine } of rules) {
        const reason = quarantine(path, guest);
        if (reason !== undefined) return reason;
      }
      return undefined;
    },
    removals: Math.min(1, ...rules.map(({ removals }) => removals)),
  };
}

/** Removals that have reached the host already, which count together with those that are about to. */
export interface RemovedBefore {
  count: number;
  /** entries there were before the first of them */
  of: number;
}

interface Sides {
  base: Tree;
  host: Tree;
  guest: Tree;
  /** paths that take no part, with all below them */
  held: ReadonlySet<string>;
  before?: RemovedBefore | undefined;
}

/** The changes of the guest that wait, in the order of their paths. */
export function findWaiting(sides: Sides, rules: HoldRules): Waiting[] {
  const { base, host, guest } = sides;
  const waiting: Waiting[] = [];
  const removed: Waiting[] = [];
  for (const [path, entry] of guest) {
    const theirs = host.get(path);
    if (sameEntry(base.get(path), entry) || sameEntry(theirs, entry)) continue;
    const hold = holdOf(path, entry, rules);
    if (hold !== undefined) waiting.push({ path, guest: entry, host: theirs, hold });
  }
  for (const [path, entry] of base) {
    const theirs = host.get(path);
    // What the host has changed stays whatever the guest does.
    if (guest.has(path) || theirs === undefined || !sameEntry(entry, theirs)) continue;
    if (isHeld(path, sides.held)) continue;
    const hold = holdOf(path, undefined, rules);
    const change = { path, guest: undefined, host: theirs };
    if (hold !== undefined) waiting.push({ ...change, hold });
    else removed.push({ ...change, hold: { why: 'many-removals' } });
  }
  if (tooMany(removed, sides, rules)) waiting.push(...removed);
  return waiting.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Whether a path lies at or below one of these. */
export function isHeld(path: string, held: ReadonlySet<string>): boolean {
  if (held.size === 0) return false;
  for (let at = path; at !== ''; at = parentOf(at)) if (held.has(at)) return true;
  return false;
}

/**
 * Those that are let through of what waits: the ones chosen, and the folders above them, without which they could not be.
 */
export function release(waiting: readonly Waiting[], chosen: (item: Waiting) => boolean): Set<string> {
  const released = waiting.filter(chosen).map(({ path }) => path);
  const all = new Set(released);
  for (const { path, guest } of waiting) {
    if (guest?.type === 'folder' && released.some((below) => isWithin(below, path))) all.add(path);
  }
  return all;
}

function holdOf(path: string, guest: Entry | undefined, rules: HoldRules): Hold | undefined {
  const reason = rules.quarantine(path, guest);
  if (reason !== undefined) return { why: 'quarantine', reason };
  return rules.review ? { why: 'review' } : undefined;
}

/** A handful is ordinary work, whatever share of a small project it is. */
const HANDFUL = 20;

function tooMany(removed: readonly Waiting[], sides: Sides, { removals }: HoldRules): boolean {
  const { base, guest, before } = sides;
  if (removed.length === 0) return false;
  // One entry may well have been removed on purpose; everything is more likely a lost copy.
  if (guest.size === 0 && base.size > 1) return true;
  const earlier = before?.count ?? 0;
  const allowed = Math.max(HANDFUL, removals * Math.max(before?.of ?? 0, base.size));
  if (earlier + removed.length <= allowed) return false;
  return earlier + removed.length - renamedAway(removed, base, guest) > allowed;
}

/** How many of these files the guest has under another name now. */
function renamedAway(removed: readonly Waiting[], base: Tree, guest: Tree): number {
  const elsewhere = new Set<string>();
  for (const [path, entry] of guest)
    if (entry.type === 'file' && !base.has(path)) elsewhere.add(entry.digest);
  return removed.filter(({ host }) => host?.type === 'file' && elsewhere.has(host.digest)).length;
}
