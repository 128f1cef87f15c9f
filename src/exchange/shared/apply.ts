import {
  closeSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { isFault, systemCode } from '../../fault/fault.ts';
import type { Content } from './bundle-stream.ts';
import { digestFile } from './digest-file.ts';
import { diskFault } from './disk-fault.ts';
import { type Entry, type FileEntry, type LinkEntry, sameEntry } from './entry.ts';
import { Folders } from './folders.ts';
import { isNeverExchanged } from './ignore.ts';
import { staysInside } from './link-target.ts';
import { openLocal } from './local-content.ts';
import { checkPath, nameOf, parentOf } from './path.ts';
import type { Reason, Refusal } from './reason.ts';
import { MODE_IS_EXACT, type Owner, Stage, type Staged, settle } from './stage.ts';
import { type SeenTree, sameStamp, stampOf, typeOf } from './stamp.ts';

interface ApplyOptions {
  session: string;
  /** the tree as last scanned: what must still be there for a change to happen. Kept up to date with each change made. */
  seen: SeenTree;
  /** who owns what is made; without it, the process */
  owner?: Owner | undefined;
  /** give files the times they had on the other side */
  keepTimes?: boolean | undefined;
  /**
   * Makes everything written to this folder's file system durable, in place of an fsync for each file: with thousands of
   * new files the only way that takes seconds.
   */
  settle?: ((folder: string) => Promise<void>) | undefined;
  /** takes over what came of a file whose content broke off */
  keepPart?: ((entry: FileEntry, onDisk: string) => boolean) | undefined;
  /** called before each change to the disk; tests fail there */
  effect?: ((what: string) => void) | undefined;
}

/**
 * Puts entries below a root and removes entries from it: no link is followed, a file appears whole or not at all, nothing
 * is replaced or removed that is not as it was scanned, folders go only when empty. What cannot be done is listed in
 * `refused` and the rest goes on.
 */
export class Apply {
  readonly refused: Refusal[] = [];
  readonly #root: string;
  readonly #options: ApplyOptions;
  readonly #folders: Folders;
  readonly #stage: Stage;
  readonly #touched = new Set<string>();
  #waiting: { entry: FileEntry; was: Entry | undefined; staged: Staged }[] = [];
  #waitingBytes = 0;
  /** content that is staged before its entry comes, by the entry's path */
  readonly #held = new Map<string, Staged>();

  /** @throws Fault `disk-full`, `folder-unwritable` */
  constructor(root: string, options: ApplyOptions) {
    this.#root = root;
    this.#options = options;
    try {
      this.#stage = new Stage(root, options);
      this.#folders = new Folders(root);
    } catch (error) {
      throw diskFault(root, error);
    }
  }

  /**
   * @param was what is to be replaced; undefined: nothing may be there
   * @param content of a file; undefined when it was held
   * @throws Fault `disk-full`, `folder-unwritable`; then nothing is half-written
   */
  async put(
    entry: Entry,
    was: Entry | undefined,
    mtime: number | undefined,
    content: Content | undefined,
  ): Promise<void> {
    await this.#try(entry.path, async () => {
      const reason = checkPath(entry.path) ?? (isNeverExchanged(entry.path) ? 'ignored' : undefined);
      if (reason !== undefined) return reason;
      if (entry.type === 'folder') return this.#folder(entry.path, was);
      if (entry.type === 'link') return await this.#link(entry, was);
      return await this.#file(entry, was, mtime, content);
    });
    if (this.#waiting.length >= this.#batch().files || this.#waitingBytes >= this.#batch().bytes)
      await this.flush();
  }

  /**
   * Keeps a copy of what is there under another path, for the `put` of `entry` that brings no content. When it is not
   * as it was seen, that `put` will be refused.
   */
  async hold(from: string, entry: FileEntry, mtime: number): Promise<void> {
    await this.#try(entry.path, async () => {
      const seen = this.#options.seen.get(from);
      const content = seen === undefined ? undefined : openLocal(this.#folders, seen);
      if (content === undefined) return undefined;
      try {
        const each = this.#options.settle === undefined;
        const times = this.#options.keepTimes === true ? mtime : undefined;
        const staged = await this.#stage.file(entry, modeOf(entry, undefined), times, content, each);
        // Many may be held at once, more than files may be open.
        if (staged !== undefined) await settle([staged]);
        if (staged !== undefined) this.#held.set(entry.path, { ...staged, fd: undefined });
      } finally {
        content.close();
      }
      return undefined;
    });
  }

  /** Removes what is still as it was. */
  async remove(was: Entry): Promise<void> {
    await this.flush();
    await this.#try(was.path, async () => {
      if (checkPath(was.path) !== undefined) return 'name';
      const parent = parentOf(was.path);
      const onDisk = this.#onDisk(was.path);
      const stats = lstatSync(onDisk, { throwIfNoEntry: false });
      if (stats === undefined) {
        this.#options.seen.delete(was.path);
        return undefined;
      }
      if (!(await this.#isAsSeen(onDisk, stats, was))) return 'changed';
      this.#options.effect?.(`remove ${was.path}`);
      if (was.type === 'folder') rmdirSync(onDisk);
      else unlinkSync(onDisk);
      this.#options.seen.delete(was.path);
      this.#touched.delete(was.path);
      this.#touched.add(parent);
      return undefined;
    });
  }

  /** Gives everything staged its name. */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      if (this.#options.settle === undefined) await settle(batch.map(({ staged }) => staged));
      else await this.#options.settle(this.#root);
    } catch (error) {
      throw diskFault(this.#root, error);
    }
    for (const { entry, was, staged } of batch) {
      await this.#try(entry.path, () => this.#place(entry, was, staged.onDisk));
    }
  }

  /** Makes all of it durable; call it last. */
  async finish(): Promise<void> {
    await this.flush();
    if (this.#options.settle !== undefined && this.#touched.size > 0) await this.#options.settle(this.#root);
    else for (const folder of [...this.#touched].sort()) this.#syncFolder(folder);
    this.#touched.clear();
  }

  /** Leaves nothing temporary behind, whatever happened. */
  close(): void {
    for (const { staged } of this.#waiting.splice(0)) if (staged.fd !== undefined) closeSync(staged.fd);
    this.#folders.close();
    this.#stage.close();
  }

  #folder(path: string, was: Entry | undefined): Reason | undefined {
    const onDisk = this.#onDisk(path);
    if (was !== undefined && was.type !== 'folder') return 'changed';
    this.#options.effect?.(`make ${path}`);
    try {
      mkdirSync(onDisk);
      if (this.#options.owner !== undefined)
        lchownSync(onDisk, this.#options.owner.uid, this.#options.owner.gid);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST' || !lstatSync(onDisk).isDirectory()) throw error;
    }
    this.#placed({ path, type: 'folder' }, onDisk);
    return undefined;
  }

  async #link(entry: LinkEntry, was: Entry | undefined): Promise<Reason | undefined> {
    if (!staysInside(this.#folders, entry.path, entry.target)) return 'link';
    // Making a link never replaces anything; only a link that does is made aside first.
    const made = was === undefined ? this.#onDisk(entry.path) : this.#stage.next();
    this.#options.effect?.(`make ${entry.path}`);
    try {
      symlinkSync(entry.target, made);
    } catch (error) {
      // Windows lets only some accounts make links, FAT holds none.
      if (['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes(systemCode(error) ?? '')) return 'link';
      throw error;
    }
    if (this.#options.owner !== undefined) lchownSync(made, this.#options.owner.uid, this.#options.owner.gid);
    if (was !== undefined) return await this.#place(entry, was, made);
    this.#placed(entry, made);
    return undefined;
  }

  async #file(
    entry: FileEntry,
    was: Entry | undefined,
    mtime: number | undefined,
    content: Content | undefined,
  ): Promise<Reason | undefined> {
    const onDisk = this.#onDisk(entry.path);
    const stats = lstatSync(onDisk, { throwIfNoEntry: false });
    // Looked at again before the rename; this spares receiving what could not be placed.
    if ((stats === undefined) !== (was === undefined)) return 'changed';
    const open = this.#options.settle === undefined;
    const times = this.#options.keepTimes === true ? mtime : undefined;
    const staged =
      content === undefined
        ? this.#held.get(entry.path)
        : await this.#stage.file(entry, modeOf(entry, stats), times, content, open);
    if (staged === undefined) return 'changed';
    this.#waiting.push({ entry, was, staged });
    this.#waitingBytes += entry.size;
    return undefined;
  }

  async #place(entry: Entry, was: Entry | undefined, staged: string): Promise<Reason | undefined> {
    const onDisk = this.#onDisk(entry.path);
    if (was === undefined) {
      if (!this.#placeNew(entry.path, staged, onDisk)) return 'changed';
    } else {
      const stats = lstatSync(onDisk, { throwIfNoEntry: false });
      if (stats === undefined || was.type === 'folder' || !(await this.#isAsSeen(onDisk, stats, was)))
        return 'changed';
      this.#options.effect?.(`replace ${entry.path}`);
      renameSync(staged, onDisk);
    }
    this.#placed(entry, onDisk);
    return undefined;
  }

  /** A link to the staged file, unlike a rename, never replaces what someone else has just put there. */
  #placeNew(path: string, staged: string, onDisk: string): boolean {
    this.#options.effect?.(`name ${path}`);
    try {
      linkSync(staged, onDisk);
      unlinkSync(staged);
      return true;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      if (!NO_HARD_LINKS.includes(systemCode(error) ?? '')) throw error;
    }
    if (lstatSync(onDisk, { throwIfNoEntry: false }) !== undefined) return false;
    renameSync(staged, onDisk);
    return true;
  }

  #placed(entry: Entry, onDisk: string): void {
    this.#options.seen.set(entry.path, { entry, stamp: stampOf(lstatSync(onDisk), Date.now()) });
    this.#touched.add(parentOf(entry.path));
  }

  async #isAsSeen(onDisk: string, stats: Stats, was: Entry): Promise<boolean> {
    const seen = this.#options.seen.get(was.path);
    if (seen === undefined || !sameEntry(seen.entry, was) || typeOf(stats) !== was.type) return false;
    // A folder's times change with what is in it; it goes only when empty.
    if (was.type === 'folder') return true;
    if (!sameStamp(seen.stamp, stats)) return false;
    // The times may be the same although the content is not.
    return was.type === 'link' || !seen.stamp.racy || (await digestFile(onDisk))?.digest === was.digest;
  }

  #onDisk(path: string): string {
    return `${this.#folders.enter(parentOf(path))}/${nameOf(path)}`;
  }

  #syncFolder(folder: string): void {
    try {
      this.#folders.sync(folder);
    } catch (error) {
      // Someone removed it since; then there is nothing to keep.
      if (!GONE.includes(systemCode(error) ?? '')) throw diskFault(this.#root, error);
    }
  }

  #batch(): { files: number; bytes: number } {
    return this.#options.settle === undefined ? OPEN_BATCH : SETTLED_BATCH;
  }

  async #try(path: string, change: () => Promise<Reason | undefined>): Promise<void> {
    try {
      const reason = await change();
      if (reason !== undefined) this.refused.push({ path, reason });
    } catch (error) {
      const code = systemCode(error);
      if (isFault(error) || code === undefined || DISK.includes(code)) throw diskFault(this.#root, error);
      this.refused.push({ path, reason: reasonOf(code) });
    }
  }
}

/** Each file of a batch is an open one; 1024 is a common limit. */
const OPEN_BATCH = { files: 128, bytes: 64 * 2 ** 20 };
const SETTLED_BATCH = { files: 4096, bytes: 256 * 2 ** 20 };

const NO_HARD_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'];
const GONE = ['ENOENT', 'ENOTDIR', 'ELOOP'];
/** Errors of the disk, not of one path: they end the whole exchange. */
const DISK = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE'];

/** What is replaced keeps its other bits; executing is allowed to whoever may read. */
function modeOf(entry: FileEntry, replaced: Stats | undefined): number {
  if (replaced === undefined || !replaced.isFile()) return entry.exec ? 0o777 : 0o666;
  const bits = replaced.mode & 0o777;
  return MODE_IS_EXACT | (entry.exec ? bits | ((bits & 0o444) >> 2) : bits & 0o666);
}

function reasonOf(code: string): Reason {
  if (GONE.includes(code) || code === 'EEXIST' || code === 'EISDIR') return 'changed';
  if (code === 'ENOTEMPTY') return 'not-empty';
  if (code === 'ENAMETOOLONG') return 'too-long';
  if (code === 'EINVAL' || code === 'EILSEQ') return 'host-name';
  return 'unwritable';
}
