import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { Fault, isFault, systemCode } from '../../fault/fault.ts';
import { digestFile } from './digest-file.ts';
import type { Entry, Limits } from './entry.ts';
import { LIMITS } from './entry.ts';
import { Folders } from './folders.ts';
import type { Ignore } from './ignore.ts';
import { ignoreByDefault } from './ignore.ts';
import { linkDestination, portableTarget } from './link-target.ts';
import { Pace } from './pace.ts';
import { below, checkName, PATH_BYTES, PATH_DEPTH } from './path.ts';
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
    // A list instead of recursion: depth is the guest's to choose. Last in, first out keeps the open folders close.
    const waiting = [''];
    for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
      waiting.push(...(await this.#folder(folder)).reverse());
    }
    return { seen: this.#seen, refused: this.#refused };
  }

  /** @returns the folders in it */
  async #folder(folder: string): Promise<string[]> {
    const inner: string[] = [];
    let names: string[];
    try {
      names = readdirSync(this.#folders.enter(folder)).sort();
    } catch (error) {
      if (folder === '') throw error;
      this.#refuse(folder, reasonOf(error));
      return inner;
    }
    for (const name of names) {
      const path = below(folder, name);
      if (this.#ignore(path)) continue;
      const reason = checkName(name) ?? (tooLong(path) ? 'too-long' : undefined);
      if (reason !== undefined) this.#refuse(path, reason);
      else if (await this.#entry(folder, name, path)) inner.push(path);
      if (this.#pace.due()) {
        this.#options.progress?.(this.#seen.size);
        await this.#pace.rest();
      }
    }
    return inner;
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
