import { type Entry, type FileEntry, sameEntry, type Tree } from '../shared/entry.ts';
import { guardOf } from './guard.ts';
import { JUDGED_BYTES } from './judge-content.ts';
import type { Quarantine, Quarantined } from './quarantine.ts';

/** Something the guest made, changed or removed since the last agreement, and that the host does not have so. */
export interface GuestChange {
  path: string;
  /** undefined: the guest removed it */
  guest: Entry | undefined;
  /** what the host has there */
  host: Entry | undefined;
}

export interface Split {
  go: GuestChange[];
  wait: (GuestChange & Quarantined)[];
  /**
   * files to be read and judged by `judgeContent`: until then they wait as well. The content must be the one that is put
   * afterwards, which the digest says.
   */
  read: (GuestChange & Quarantined & { guest: FileEntry })[];
}

interface Sides {
  base: Tree;
  host: Tree;
  /** as admitted */
  guest: Tree;
}

/** Of all that is read of one pass: it is held in memory until it is judged. */
const READ_BYTES = 32 * 2 ** 20;

/** Which of the guest's changes may go on to the host, and which wait for a person. */
export function splitChanges(sides: Sides, quarantine: Quarantine): Split {
  const guard = guardOf(quarantine, sides.host, sides.guest);
  const split: Split = { go: [], wait: [], read: [] };
  let left = READ_BYTES;
  for (const change of changesOf(sides)) {
    const held = guard(change.path, change.guest);
    if (held === undefined) split.go.push(change);
    else if (!held.byContent) split.wait.push({ ...change, ...held });
    // Removed, nothing of it can run.
    else if (change.guest === undefined) split.go.push(change);
    else if (change.guest.type === 'file' && change.guest.size <= Math.min(JUDGED_BYTES, left)) {
      left -= change.guest.size;
      split.read.push({ ...change, ...held, guest: change.guest });
    } else split.wait.push({ ...change, ...held });
  }
  return split;
}

function* changesOf({ base, host, guest }: Sides): Generator<GuestChange> {
  for (const [path, entry] of guest) {
    const theirs = host.get(path);
    if (!sameEntry(base.get(path), entry) && !sameEntry(theirs, entry))
      yield { path, guest: entry, host: theirs };
  }
  for (const [path, entry] of base) {
    const theirs = host.get(path);
    // What the host changed stays whatever the guest removes.
    if (!guest.has(path) && theirs !== undefined && sameEntry(entry, theirs))
      yield { path, guest: undefined, host: theirs };
  }
}
