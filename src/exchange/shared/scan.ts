import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { Fault, isFault, systemCode } from '../../fault/fault.ts';
import { digestFile } from './digest-file.ts';
import type { Entry, Limits } from './entry.ts';
import { LIMITS } from './entry.ts';
import { Folders } from './folders.ts';
import type { Hints } from './hints.ts';
import type { Ignore } from './ignore.ts';
import { ignoreByDefault } from './ignore.ts';
import { linkDestination, portableTarget } from './link-target.ts';
import { Pace } from './pace.ts';
import { below, checkName, nameOf, PATH_BYTES, PATH_DEPTH, parentOf } from './path.ts';
import type { Reason, Refusal } from './reason.ts';
import { type Seen, type SeenTree, sameStamp, stampOf, typeOf } from './stamp.ts';

interface ScanOptions {
  ignore?: Ignore | undefined;
  /** what an earlier scan saw; files that look the same are not read again */
  previous?: ReadonlyMap<string, Seen> | undefined;
  limits?: Limits | undefined;
  signal?: AbortSignal | undefined;
  /** called now and then with the number of entries so far */
  progress?: ((entries: number) => void) | undefined;
  /** told of each folder before it is read, '' for the root: what changes in it from then on is the watcher's to notice */
  entering?: ((folder: string) => void) | undefined;
}

export interface Scanned {
  seen: SeenTree;
  /** what is there but takes no part; nothing at or below it may be judged absent */
  refused: Refusal[];
}

/**
 * Everything below a folder, links not followed.
 * @throws Fault `exchange-refused` past the limits; the system's error when the root cannot be read
 */
export async function scan(root: string, options: ScanOptions = {}): Promise<Scanned> {
  const folders = new Folders(root);
  try {
    return await new Walk(folders, root, options).run();
  } finally {
    folders.close();
  }
}

/** What a second look at some entries found; everything else is as it was. */
export interface Rescanned extends Scanned {
  /** what is not there any more, with all below it */
  gone: string[];
}

/**
 * Looks again at what was noticed. A folder that is new, or another one than before, is read with all below it.
 * @throws as `scan` does
 */
export async function rescan(
  root: string,
  hints: Hints,
  options: ScanOptions & {
    previous: ReadonlyMap<string, Seen>;
    /** whether a known folder has to be read as if it were new: we made it, and nobody watches it yet */
    unread?: ((folder: string) => boolean) | undefined;
  },
): Promise<Rescanned> {
  const folders = new Folders(root);
  try {
    return await new Walk(folders, root, options).again(hints, options.unread ?? (() => false));
  } finally {
    folders.close();
  }
}

class Walk {
  readonly #folders: Folders;
  readonly #root: string;
  readonly #options: ScanOptions;
  readonly #ignore: Ignore;
  readonly #limits: Limits;
  readonly #pace: Pace;
  readonly #seen: SeenTree = new Map();
  readonly #refused: Refusal[] = [];
  #bytes = 0;

  constructor(folders: Folders, root: string, options: ScanOptions) {
    this.#folders = folders;
    this.#root = root;
    this.#options = options;
    this.#ignore = options.ignore ?? ignoreByDefault;
    this.#limits = options.limits ?? LIMITS;
    this.#pace = new Pace(options.signal);
  }

  async run(): Promise<Scanned> {
    await this.#everythingBelow(['']);
    return { seen: this.#seen, refused: this.#refused };
  }

  async again(hints: Hints, unread: (folder: string) => boolean): Promise<Rescanned> {
    const gone: string[] = [];
    const fresh: string[] = [];
    const entries = new Set(hints.entries);
    for (const folder of hints.folders) {
      const names = this.#namesAgain(folder);
      // It went, or became something else: looking at itself tells.
      if (names === undefined) {
        entries.add(folder);
        continue;
      }
      const here = new Set(names.map((name) => below(folder, name)));
      for (const path of here) entries.add(path);
      for (const path of this.#known(folder)) if (!here.has(path)) entries.add(path);
    }
    for (const path of [...entries].sort()) {
      if (path === '' || this.#ignore(path) || this.#seen.has(path)) continue;
      if ((await this.#again(path, gone, fresh)) && unread(path)) fresh.push(path);
      if (this.#pace.due()) await this.#pace.rest();
    }
    await this.#everythingBelow(fresh);
    return { seen: this.#seen, refused: this.#refused, gone };
  }

  /** @returns whether it is the folder it was before */
  async #again(path: string, gone: string[], fresh: string[]): Promise<boolean> {
    const before = this.#options.previous?.get(path);
    const isFolder = this.#admits(path) && (await this.#entry(parentOf(path), nameOf(path), path));
    const now = this.#seen.get(path);
    if (now === undefined || now.entry.type !== before?.entry.type) gone.push(path);
    // Another folder under the same name has other things in it, and nobody watches it yet.
    if (!isFolder || now?.stamp.ino === before?.stamp.ino) return isFolder;
    if (before?.entry.type === 'folder') gone.push(path);
    fresh.push(path);
    return false;
  }

  async #everythingBelow(folders: readonly string[]): Promise<void> {
    // A list instead of recursion: depth is the guest's to choose. Last in, first out keeps the open folders close.
    const waiting = [...folders];
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      waiting.push(...(await this.#folder(folder)).reverse());
    }
  }

  /** @returns the folders in it */
  async #folder(folder: string): Promise<string[]> {
    const inner: string[] = [];
    for (const name of this.#namesOrRefusal(folder)) {
      const path = below(folder, name);
      if (this.#ignore(path)) continue;
      if (this.#admits(path) && (await this.#entry(folder, name, path))) inner.push(path);
      if (this.#pace.due()) {
        this.#options.progress?.(this.#seen.size);
        await this.#pace.rest();
      }
    }
    return inner;
  }

  #namesOrRefusal(folder: string): string[] {
    try {
      return this.#names(folder);
    } catch (error) {
      if (folder === '') throw error;
      this.#refuse(folder, reasonOf(error));
      return [];
    }
  }

  #namesAgain(folder: string): string[] | undefined {
    try {
      return this.#names(folder);
    } catch (error) {
      if (folder === '' || systemCode(error) === undefined) throw error;
      return undefined;
    }
  }

  #names(folder: string): string[] {
    this.#options.entering?.(folder);
    return readdirSync(this.#folders.enter(folder)).sort();
  }

  /** What was in a folder when it was last looked at. */
  *#known(folder: string): Generator<string> {
    for (const path of this.#options.previous?.keys() ?? []) if (parentOf(path) === folder) yield path;
  }

  #admits(path: string): boolean {
    const reason = checkName(nameOf(path)) ?? (tooLong(path) ? 'too-long' : undefined);
    if (reason !== undefined) this.#refuse(path, reason);
    return reason === undefined;
  }

  /** @returns whether it is a folder to be entered */
  async #entry(folder: string, name: string, path: string): Promise<boolean> {
    try {
      const onDisk = `${this.#folders.enter(folder)}/${name}`;
      const stats = lstatSync(onDisk);
      const type = typeOf(stats);
      if (type === 'folder') this.#found({ path, type }, stats);
      else if (type === 'file') await this.#file(path, onDisk, stats);
      else if (type === 'link') this.#link(path, portableTarget(readlinkSync(onDisk)), stats);
      else this.#refuse(path, 'special');
      return type === 'folder';
    } catch (error) {
      if (isFault(error)) throw error;
      // Removed since the folder was read: then it is not there.
      if (systemCode(error) !== 'ENOENT') this.#refuse(path, reasonOf(error));
      return false;
    }
  }

  async #file(path: string, onDisk: string, stats: Stats): Promise<void> {
    this.#count(stats.size);
    const known = this.#options.previous?.get(path);
    if (known?.entry.type === 'file' && !known.stamp.racy && sameStamp(known.stamp, stats)) {
      const exec = isExecutable(stats);
      this.#put({
        entry: known.entry.exec === exec ? known.entry : { ...known.entry, exec },
        stamp: known.stamp,
      });
      return;
    }
    const read = await digestFile(onDisk);
    if (read === undefined) this.#refuse(path, 'changed');
    else
      this.#found(
        { path, type: 'file', exec: isExecutable(read.stats), size: read.stats.size, digest: read.digest },
        read.stats,
      );
  }

  #link(path: string, target: string, stats: Stats): void {
    if (linkDestination(path, target) === undefined) this.#refuse(path, 'link');
    else this.#found({ path, type: 'link', target }, stats);
  }

  #found(entry: Entry, stats: Stats): void {
    this.#put({ entry, stamp: stampOf(stats, Date.now()) });
  }

  #put(seen: Seen): void {
    this.#seen.set(seen.entry.path, seen);
    if (this.#seen.size > this.#limits.entries)
      throw tooMuch(`more than ${this.#limits.entries} files and folders`, this.#root);
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#limits.bytes)
      throw tooMuch(`more than ${Math.floor(this.#limits.bytes / 2 ** 20)} MiB`, this.#root);
  }

  #refuse(path: string, reason: Reason): void {
    this.#refused.push({ path, reason });
    if (this.#refused.length > MAX_REFUSED)
      throw tooMuch(`more than ${MAX_REFUSED} names that cannot be exchanged`, this.#root);
  }
}

/** Past this, a report helps nobody. */
export const MAX_REFUSED = 10_000;

export function tooMuch(what: string, where: string): Fault {
  return new Fault('exchange-refused', `${where} holds ${what}, too much to exchange`, {
    hint: 'choose a smaller project folder with --project, or use --exchange none',
  });
}

function tooLong(path: string): boolean {
  if (path.length <= PATH_DEPTH) return false;
  return Buffer.byteLength(path) > PATH_BYTES || path.split('/').length > PATH_DEPTH;
}

function isExecutable(stats: Stats): boolean {
  return (stats.mode & 0o100) !== 0;
}

function reasonOf(error: unknown): Reason {
  switch (systemCode(error)) {
    // Swapped for something else between two looks.
    case 'ENOTDIR':
    case 'ELOOP':
    case 'ENOENT':
      return 'changed';
    case 'ENOTSUP':
    case 'ENXIO':
      return 'special';
    case 'ENAMETOOLONG':
      return 'too-long';
    default:
      return 'unreadable';
  }
}
