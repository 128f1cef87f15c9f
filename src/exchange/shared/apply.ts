import { closeSync, lstatSync, type Stats } from 'node:fs';
import { isFault } from '../../fault/fault.ts';
import type { Content } from './bundle-stream.ts';
import { diskFault, isGone, reasonOfError } from './disk-fault.ts';
import type { Entry, FileEntry } from './entry.ts';
import { Folders } from './folders.ts';
import { ignoreByDefault } from './ignore.ts';
import { announced } from './keep-before.ts';
import type { Keeper } from './keeper.ts';
import { checkPath } from './path.ts';
import { type Change, carryOut, onDiskAt, type Site } from './place.ts';
import type { Reason, Refusal } from './reason.ts';
import { MODE_IS_EXACT, type Owner, Stage, settle } from './stage.ts';
import type { SeenTree } from './stamp.ts';

interface ApplyOptions {
  session: string;
  /** the tree as last scanned: what must still be there for a change to happen. Kept up to date with each change made. */
  seen: SeenTree;
  /** keeps what is replaced or removed; without it, that is gone */
  keeper?: Keeper | undefined;
  /** who owns what is made; without it, the process */
  owner?: Owner | undefined;
  /** give files the times they had on the other side */
  keepTimes?: boolean | undefined;
  /**
   * Makes everything written to this folder's file system durable, in place of an fsync for each file: with thousands of
   * new files the only way that takes seconds.
   */
  settle?: ((folder: string) => Promise<void>) | undefined;
  /** called before each change to the disk; tests fail there */
  effect?: ((what: string) => void) | undefined;
}

/**
 * Puts entries below a root and removes entries from it: no link is followed, a file appears whole or not at all, nothing
 * is replaced or removed that is not as it was scanned, folders go only when empty. What cannot be done is listed in
 * `refused` and the rest goes on. Changes happen in the order they were asked for, some of them not before `flush`.
 */
export class Apply {
  readonly refused: Refusal[] = [];
  readonly #root: string;
  readonly #options: ApplyOptions;
  readonly #site: Site;
  #waiting: Change[] = [];
  #waitingBytes = 0;

  /** @throws Fault `disk-full`, `folder-unwritable` */
  constructor(root: string, options: ApplyOptions) {
    this.#root = root;
    this.#options = options;
    try {
      this.#site = {
        stage: new Stage(root, options),
        folders: new Folders(root),
        seen: options.seen,
        touched: new Set(),
        owner: options.owner,
        effect: (what) => options.effect?.(what),
      };
    } catch (error) {
      throw diskFault(root, error);
    }
  }

  /**
   * @param was what is to be replaced; undefined: nothing may be there
   * @param mode permission bits to be had exactly; without them those of what is replaced, or new ones
   * @throws Fault `disk-full`, `folder-unwritable`; then nothing is half-written
   */
  async put(
    entry: Entry,
    was: Entry | undefined,
    mtime: number | undefined,
    content: Content,
    mode?: number,
  ): Promise<void> {
    await this.#try(entry.path, async () => {
      const reason = checkPath(entry.path) ?? (ignoreByDefault(entry.path) ? 'ignored' : undefined);
      if (reason !== undefined) return reason;
      if (entry.type === 'file') return await this.#stageFile(entry, was, mtime, content, mode);
      if (entry.type === 'link') return await this.#add({ kind: 'link', entry, was });
      if (was !== undefined && was.type !== 'folder') return 'changed';
      return await this.#add({ kind: 'folder', entry, was: undefined, mode });
    });
    const { files, bytes } = this.#options.settle === undefined ? OPEN_BATCH : SETTLED_BATCH;
    if (this.#waiting.length >= files || this.#waitingBytes >= bytes) await this.flush();
  }

  /** Removes what is still as it was. */
  async remove(was: Entry): Promise<void> {
    // What it makes room for, or what was in it, comes first.
    if (this.#waiting.some(({ kind }) => kind !== 'removal')) await this.flush();
    await this.#try(was.path, async () => {
      if (checkPath(was.path) !== undefined) return 'name';
      return await this.#add({ kind: 'removal', entry: undefined, was });
    });
    if (this.#waiting.length >= OPEN_BATCH.files) await this.flush();
  }

  /** Carries out all that waits. */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    const { keeper } = this.#options;
    try {
      const staged = batch.flatMap((change) => (change.kind === 'file' ? [change.staged] : []));
      if (this.#options.settle === undefined) await settle(staged);
      else await this.#options.settle(this.#root);
    } catch (error) {
      throw diskFault(this.#root, error);
    }
    if (keeper === undefined) {
      for (const change of batch) await this.#try(pathOf(change), () => carryOut(this.#site, change));
      return;
    }
    const attempt = (change: Change, work: () => Promise<Reason | undefined>) =>
      this.#try(pathOf(change), work);
    for (const { change, number } of await announced(this.#site, keeper, batch, attempt)) {
      const isDone = await attempt(change, () => carryOut(this.#site, change, { keeper, number }));
      if (!isDone) keeper.drop(number);
    }
    keeper.done();
  }

  /** Makes all of it durable; call it last. */
  async finish(): Promise<void> {
    await this.flush();
    const { settle, keeper } = this.#options;
    const { touched } = this.#site;
    // What was moved away has its new name for good before it has lost the old one for good.
    await keeper?.settle();
    if (settle !== undefined && touched.size > 0) await settle(this.#root);
    else for (const folder of [...touched].sort()) this.#syncFolder(folder);
    touched.clear();
  }

  /** Leaves nothing temporary behind, whatever happened. */
  close(): void {
    for (const change of this.#waiting.splice(0))
      if (change.kind === 'file' && change.staged.fd !== undefined) closeSync(change.staged.fd);
    this.#site.folders.close();
    this.#site.stage.close();
  }

  /** Where nothing is kept there is nothing to be won by doing folders, links and removals later. */
  async #add(change: Change): Promise<Reason | undefined> {
    if (this.#options.keeper === undefined) return await carryOut(this.#site, change);
    this.#waiting.push(change);
    return undefined;
  }

  async #stageFile(
    entry: FileEntry,
    was: Entry | undefined,
    mtime: number | undefined,
    content: Content,
    mode: number | undefined,
  ): Promise<Reason | undefined> {
    // Its folder may be among them.
    if (this.#waiting.some(({ kind }) => kind !== 'file')) await this.flush();
    const stats = lstatSync(onDiskAt(this.#site, entry.path), { throwIfNoEntry: false });
    // Looked at again before the rename; this spares receiving what could not be placed.
    if ((stats === undefined) !== (was === undefined)) return 'changed';
    const staged = await this.#site.stage.file(
      entry,
      mode === undefined ? modeOf(entry, stats) : mode | MODE_IS_EXACT,
      this.#options.keepTimes === true ? mtime : undefined,
      content,
      this.#options.settle === undefined,
    );
    if (staged === undefined) return 'changed';
    this.#waiting.push({ kind: 'file', entry, was, staged });
    this.#waitingBytes += entry.size;
    return undefined;
  }

  #syncFolder(folder: string): void {
    try {
      this.#site.folders.sync(folder);
    } catch (error) {
      // Someone removed it since; then there is nothing to keep.
      if (!isGone(error)) throw diskFault(this.#root, error);
    }
  }

  /** @returns whether it was done */
  async #try(path: string, change: () => Promise<Reason | undefined>): Promise<boolean> {
    let reason: Reason | undefined;
    try {
      reason = await change();
    } catch (error) {
      reason = isFault(error) ? undefined : reasonOfError(error);
      if (reason === undefined) throw diskFault(this.#root, error);
    }
    if (reason !== undefined) this.refused.push({ path, reason });
    return reason === undefined;
  }
}

/** Each file of a batch is an open one; 1024 is a common limit. */
const OPEN_BATCH = { files: 128, bytes: 64 * 2 ** 20 };
const SETTLED_BATCH = { files: 4096, bytes: 256 * 2 ** 20 };

function pathOf(change: Change): string {
  return (change.entry ?? change.was).path;
}

/** What is replaced keeps its other bits; executing is allowed to whoever may read. */
function modeOf(entry: FileEntry, replaced: Stats | undefined): number {
  if (replaced === undefined || !replaced.isFile()) return entry.exec ? 0o777 : 0o666;
  const bits = replaced.mode & 0o777;
  return MODE_IS_EXACT | (entry.exec ? bits | ((bits & 0o444) >> 2) : bits & 0o666);
}
