import { type Entry, sameEntry } from '../shared/entry.ts';
import { type KeptChange, pathOf } from './journal.ts';

/** What undoing a session means for one path. */
export interface Return {
  path: string;
  /** what the session left there; undefined is nothing */
  left: Entry | undefined;
  /** what is to be there again */
  before: Entry | undefined;
  /** the change that took it away, under whose number it is kept */
  n: number;
  /** permission bits of what was there */
  mode: number | undefined;
}

/**
 * Follows the changes of each path backwards, from what the session left there to what was there before it. A session that
 * lives long changes a path many times; where somebody else changed it in between, that is what comes back.
 */
export function returnsOf(changes: readonly KeptChange[]): Map<string, Return> {
  const returns = new Map<string, Return>();
  /** paths at which somebody else's change was met */
  const ended = new Set<string>();
  for (const change of changes.toReversed()) {
    const path = pathOf(change);
    const { was, now, n, mode } = change;
    const later = returns.get(path);
    if (later === undefined) returns.set(path, { path, left: now, before: was, n, mode });
    else if (ended.has(path)) continue;
    else if (sameEntry(later.before, now)) returns.set(path, { ...later, before: was, n, mode });
    else ended.add(path);
  }
  for (const [path, { left, before }] of returns) if (sameEntry(left, before)) returns.delete(path);
  return returns;
}

/** Those at or below the given paths, with the folders above them that have to come back as well, sorted. */
export function chosen(returns: ReadonlyMap<string, Return>, isChosen: (path: string) => boolean): Return[] {
  const wanted = [...returns.values()].filter(({ path }) => isChosen(path));
  const all = new Set(wanted);
  for (const { path, before } of wanted) {
    if (before === undefined) continue;
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const above = returns.get(path.slice(0, end));
      if (above?.before?.type === 'folder') all.add(above);
    }
  }
  return [...all].sort((a, b) => (a.path < b.path ? -1 : 1));
}
