import { lstatSync, readlinkSync } from 'node:fs';
import { digestFile } from '../shared/digest-file.ts';
import { isGone } from '../shared/disk-fault.ts';
import type { Entry } from '../shared/entry.ts';
import type { Folders } from '../shared/folders.ts';
import { portableTarget } from '../shared/link-target.ts';
import { nameOf, parentOf } from '../shared/path.ts';
import { type Seen, stampOf, typeOf } from '../shared/stamp.ts';

/** What is at one path: nothing, an entry, or something that can be neither compared nor replaced. */
export type Sight = Seen | 'nothing' | 'other';

/** Looks at one path of a project and reads it. */
export async function look(folders: Folders, path: string): Promise<Sight> {
  try {
    const onDisk = `${folders.enter(parentOf(path))}/${nameOf(path)}`;
    const stats = lstatSync(onDisk);
    const type = typeOf(stats);
    if (type === 'special') return 'other';
    const stamp = stampOf(stats, Date.now());
    if (type === 'folder') return { entry: { path, type }, stamp };
    if (type === 'link')
      return { entry: { path, type, target: portableTarget(readlinkSync(onDisk)) }, stamp };
    const read = await digestFile(onDisk);
    if (read === undefined) return 'other';
    const { stats: found, digest } = read;
    const exec = (found.mode & 0o100) !== 0;
    return {
      entry: { path, type, exec, size: found.size, digest },
      stamp: stampOf(found, Date.now()),
    };
  } catch (error) {
    return isGone(error) ? 'nothing' : 'other';
  }
}

/** Whether an entry is what is at a path. */
export function shows(sight: Sight, entry: Entry | undefined): boolean {
  if (sight === 'other') return false;
  if (sight === 'nothing' || entry === undefined) return sight === 'nothing' && entry === undefined;
  return sameContent(sight.entry, entry);
}

/** The executable bit is not looked at: not every host has one. */
function sameContent(a: Entry, b: Entry): boolean {
  if (a.type === 'file' && b.type === 'file') return a.digest === b.digest && a.size === b.size;
  if (a.type === 'link' && b.type === 'link') return a.target === b.target;
  return a.type === b.type;
}
