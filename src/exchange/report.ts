import { visible } from '../fault/visible.ts';
import type { Conflict } from './reconcile.ts';
import type { Reason, Refusal } from './shared/reason.ts';
import type { Hold } from './waiting.ts';

/** What one exchange did. Every path is safe to show. */
export interface Report {
  toGuest: string[];
  toHost: string[];
  deleted: { onHost: string[]; onGuest: string[] };
  conflicts: Conflict[];
  refused: { path: string; reason: Reason; text: string }[];
}

export function nothingDone(): Report {
  return { toGuest: [], toHost: [], deleted: { onHost: [], onGuest: [] }, conflicts: [], refused: [] };
}

export function shownRefusals(refused: Iterable<Refusal>): Report['refused'] {
  const byPath = new Map<string, Reason>();
  for (const { path, reason } of refused) if (!byPath.has(path)) byPath.set(path, reason);
  return [...byPath].map(([path, reason]) => ({ path: visible(path), reason, text: TEXTS[reason] }));
}

export function shown(paths: Iterable<string>): string[] {
  return [...paths].map((path) => visible(path, LONG));
}

export function shownConflicts(conflicts: readonly Conflict[]): Conflict[] {
  return conflicts.map(({ path, copy }) => ({ path: visible(path, LONG), copy: visible(copy, LONG) }));
}

export function holdText(hold: Hold): string {
  switch (hold.why) {
    case 'quarantine':
      return hold.reason;
    case 'many-removals':
      return 'so much was removed at once';
    case 'review':
      return 'under review';
  }
}

/** Paths are shown whole. */
const LONG = Number.POSITIVE_INFINITY;

const TEXTS: Record<Reason, string> = {
  name: 'its name cannot be exchanged',
  'too-long': 'its path is too long or too deep',
  git: "it is git's own folder, which is not copied file by file",
  'host-name': 'the host cannot hold such a name',
  collision: 'its name and another one are the same on the host',
  ignored: 'it is never part of the exchange',
  special: 'it is no file, folder or link',
  link: 'it is a link that leads out of the project or that the host cannot hold',
  stray: 'what is above it is not a folder',
  unreadable: 'it cannot be read',
  unwritable: 'it cannot be written',
  changed: 'it changed meanwhile; the next exchange takes it up',
  'not-empty': 'it still holds files that are not exchanged',
};
