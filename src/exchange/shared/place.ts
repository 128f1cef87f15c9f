import {
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { systemCode } from '../../fault/fault.ts';
import { isAsSeen } from './as-seen.ts';
import { isGone } from './disk-fault.ts';
import type { Entry, FileEntry, FolderEntry, LinkEntry } from './entry.ts';
import type { Folders } from './folders.ts';
import type { Keeper } from './keeper.ts';
import { staysInside } from './link-target.ts';
import { nameOf, parentOf } from './path.ts';
import type { Reason } from './reason.ts';
import type { Owner, Stage, Staged } from './stage.ts';
import { type SeenTree, stampOf } from './stamp.ts';

/** One change that only waits to be carried out. */
export type Change =
  | { kind: 'folder'; entry: FolderEntry; was: undefined; mode: number | undefined }
  | { kind: 'link'; entry: LinkEntry; was: Entry | undefined }
  | { kind: 'file'; entry: FileEntry; was: Entry | undefined; staged: Staged }
  | { kind: 'removal'; entry: undefined; was: Entry };

/** Where changes are carried out. */
export interface Site {
  folders: Folders;
  stage: Stage;
  /** kept up to date with each change made */
  seen: SeenTree;
  /** folders whose names are to be made durable */
  touched: Set<string>;
  owner: Owner | undefined;
  effect: (what: string) => void;
}

/** @returns a path to it, good until the next call */
export function onDiskAt({ folders }: Site, path: string): string {
  return `${folders.enter(parentOf(path))}/${nameOf(path)}`;
}

/**
 * Carries out one change, after one more look at what it replaces or removes.
 * @param kept by whom that is kept, and under which number
 * @returns why it was not done
 */
export async function carryOut(
  site: Site,
  change: Change,
  kept?: { keeper: Keeper; number: number },
): Promise<Reason | undefined> {
  if (change.kind === 'removal') return await remove(site, change.was, kept);
  const { entry, was } = change;
  const reason =
    change.kind === 'folder'
      ? makeFolder(site, entry.path, change.mode)
      : was === undefined
        ? makeNew(site, change)
        : await replace(site, change, was);
  if (reason === undefined) placed(site, entry);
  return reason;
}

/** Notes what is at a path from now on. */
export function placed(site: Site, entry: Entry): void {
  site.touched.add(parentOf(entry.path));
  try {
    const stats = lstatSync(onDiskAt(site, entry.path));
    site.seen.set(entry.path, { entry, stamp: stampOf(stats, Date.now()) });
  } catch (error) {
    // Removed again already: the change was made all the same.
    if (!isGone(error)) throw error;
    site.seen.delete(entry.path);
  }
}

function makeFolder(site: Site, path: string, mode: number | undefined): undefined {
  const onDisk = onDiskAt(site, path);
  site.effect(`make ${path}`);
  try {
    mkdirSync(onDisk, mode === undefined ? {} : { mode });
    if (site.owner !== undefined) lchownSync(onDisk, site.owner.uid, site.owner.gid);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST' || !lstatSync(onDisk).isDirectory()) throw error;
  }
}

type Content = Exclude<Change, { kind: 'folder' | 'removal' }>;

function makeNew(site: Site, change: Content): Reason | undefined {
  // Making a link never replaces anything; only a link that does is made aside first.
  if (change.kind === 'link') return makeLink(site, change.entry);
  return nameNew(site, change.entry.path, change.staged.onDisk);
}

async function replace(site: Site, change: Content, was: Entry): Promise<Reason | undefined> {
  let staged: string;
  if (change.kind === 'file') staged = change.staged.onDisk;
  else {
    staged = site.stage.next();
    const reason = makeLink(site, change.entry, staged);
    if (reason !== undefined) return reason;
  }
  const onDisk = onDiskAt(site, was.path);
  const stats = lstatSync(onDisk, { throwIfNoEntry: false });
  if (stats === undefined || was.type === 'folder' || !(await isAsSeen(site.seen, was, onDisk, stats)))
    return 'changed';
  site.effect(`replace ${was.path}`);
  renameSync(staged, onDisk);
  return undefined;
}

function makeLink(site: Site, { path, target }: LinkEntry, aside?: string): Reason | undefined {
  if (!staysInside(site.folders, path, target)) return 'link';
  const made = aside ?? onDiskAt(site, path);
  site.effect(`make ${path}`);
  try {
    symlinkSync(target, made);
  } catch (error) {
    // Windows lets only some accounts make links, FAT holds none.
    if (['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes(systemCode(error) ?? '')) return 'link';
    throw error;
  }
  if (site.owner !== undefined) lchownSync(made, site.owner.uid, site.owner.gid);
  return undefined;
}

/** A link to the staged file, unlike a rename, never replaces what someone else has just put there. */
function nameNew(site: Site, path: string, staged: string): Reason | undefined {
  const onDisk = onDiskAt(site, path);
  site.effect(`name ${path}`);
  try {
    linkSync(staged, onDisk);
    unlinkSync(staged);
    return undefined;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return 'changed';
    if (!NO_HARD_LINKS.includes(systemCode(error) ?? '')) throw error;
  }
  if (lstatSync(onDisk, { throwIfNoEntry: false }) !== undefined) return 'changed';
  renameSync(staged, onDisk);
  return undefined;
}

async function remove(
  site: Site,
  was: Entry,
  kept: { keeper: Keeper; number: number } | undefined,
): Promise<Reason | undefined> {
  const onDisk = onDiskAt(site, was.path);
  const stats = lstatSync(onDisk, { throwIfNoEntry: false });
  if (stats === undefined) {
    // Whoever removed it, it was not us.
    kept?.keeper.drop(kept.number);
    site.seen.delete(was.path);
    return undefined;
  }
  if (!(await isAsSeen(site.seen, was, onDisk, stats))) return 'changed';
  site.effect(`remove ${was.path}`);
  if (was.type === 'folder') rmdirSync(onDisk);
  else if (kept === undefined) unlinkSync(onDisk);
  else {
    const taken = await kept.keeper.take(kept.number, onDisk, stats);
    if (taken === undefined) unlinkSync(onDisk);
    // Whatever came in its place since the look above was moved too, so it is not lost: it goes back.
    else if (
      !(await isAsSeen(site.seen, was, taken, lstatSync(taken), true)) &&
      kept.keeper.giveBack(kept.number, onDisk)
    )
      return 'changed';
  }
  return removed(site, was);
}

function removed({ seen, touched }: Site, { path }: Entry): undefined {
  seen.delete(path);
  touched.delete(path);
  touched.add(parentOf(path));
}

/** What file systems without hard links answer, and one more link than a file may have. */
const NO_HARD_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'];
