import { Quarantine } from './quarantine/quarantine.ts';
import { type GuestChange, splitChanges } from './quarantine/split.ts';
import type { Entry, FileEntry, Tree } from './shared/entry.ts';
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
  /** the list of paths that could run a program on the host; undefined: nothing is held for that */
  quarantine: Quarantine | undefined;
  /** more removals than this share of the tree wait, if they are more than a handful */
  removals: number;
}

export const HOLD_NOTHING: HoldRules = { review: false, quarantine: undefined, removals: 1 };

/** All of several rules at once. The list is one for all of a machine. */
export function strictest(rules: readonly HoldRules[]): HoldRules {
  return {
    review: rules.some(({ review }) => review),
    quarantine: rules.find(({ quarantine }) => quarantine !== undefined)?.quarantine,
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

/** What is known of the guest's changes before any content is looked at. */
export interface Found {
  /** in the order of their paths */
  waiting: Waiting[];
  /** wait unless their content is judged harmless */
  judged: (Waiting & { guest: FileEntry })[];
  /** removals that do not wait */
  removals: string[];
}

/** Which changes of the guest wait. */
export function findWaiting(sides: Sides, rules: HoldRules): Found {
  const { quarantine, review } = rules;
  const split = splitChanges(sides, quarantine ?? NO_QUARANTINE);
  const isFree = ({ path }: GuestChange) => !isHeld(path, sides.held);
  const waiting: Waiting[] = split.wait
    .filter(isFree)
    .map(({ path, guest, host, reason }) => ({ path, guest, host, hold: { why: 'quarantine', reason } }));
  const judged = split.read.filter(isFree).map(({ path, guest, host, reason }) => ({
    path,
    guest,
    host,
    hold: { why: 'quarantine' as const, reason },
  }));
  const free = split.go.filter(isFree).map(({ path, guest, host }) => ({ path, guest, host }));
  let removals: string[] = [];
  if (review) waiting.push(...free.map((change): Waiting => ({ ...change, hold: { why: 'review' } })));
  else {
    const removed = free.filter(({ guest }) => guest === undefined);
    if (tooMany(removed, sides, rules))
      waiting.push(...removed.map((change): Waiting => ({ ...change, hold: { why: 'many-removals' } })));
    else removals = removed.map(({ path }) => path);
  }
  return { waiting: sorted(waiting), judged, removals };
}

/** Under review even what is harmless waits, for another reason. */
export function afterJudging(
  { waiting, judged }: Found,
  reasonOf: (change: Waiting) => string | undefined,
  { review }: HoldRules,
): Waiting[] {
  const held = judged.flatMap((change): Waiting[] => {
    const reason = reasonOf(change);
    if (reason !== undefined) return [{ ...change, hold: { why: 'quarantine', reason } }];
    return review ? [{ ...change, hold: { why: 'review' } }] : [];
  });
  return held.length === 0 ? waiting : sorted([...waiting, ...held]);
}

function sorted(waiting: Waiting[]): Waiting[] {
  return waiting.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Holds nothing. */
const NO_QUARANTINE = new Quarantine({}, []);

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

/** A handful is ordinary work, whatever share of a small project it is. */
const HANDFUL = 20;

function tooMany(removed: readonly GuestChange[], sides: Sides, { removals }: HoldRules): boolean {
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
function renamedAway(removed: readonly GuestChange[], base: Tree, guest: Tree): number {
  const elsewhere = new Set<string>();
  for (const [path, entry] of guest)
    if (entry.type === 'file' && !base.has(path)) elsewhere.add(entry.digest);
  return removed.filter(({ host }) => host?.type === 'file' && elsewhere.has(host.digest)).length;
}
