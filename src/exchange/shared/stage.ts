import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsync,
  futimesSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';
import type { Content } from './bundle-stream.ts';
import type { FileEntry } from './entry.ts';
import { Folders, NO_FOLLOW } from './folders.ts';
import { TEMPORARY_PREFIX } from './ignore.ts';

export interface Owner {
  uid: number;
  gid: number;
}

interface StageOptions {
  /** names the temporary folder */
  session: string;
  owner?: Owner | undefined;
  effect?: ((what: string) => void) | undefined;
}

/** Content that is on the disk below the root, but not under its name yet. */
export interface Staged {
  /** a path to it, good as long as the stage is open */
  onDisk: string;
  fd: number | undefined;
}

/**
 * The temporary folder at the root in which files become whole before they get their name. Same file system, so naming
 * them is a rename.
 */
export class Stage {
  readonly #root: string;
  readonly #name: string;
  readonly #options: StageOptions;
  readonly #folders: Folders;
  readonly #prefix: string;
  #count = 0;

  /** @throws the system's error */
  constructor(root: string, options: StageOptions) {
    this.#root = root;
    this.#options = options;
    this.#name = `${TEMPORARY_PREFIX}${options.session}`;
    removeStale(root, (name, age) => name === this.#name || age > STALE_MS);
    options.effect?.('make the temporary folder');
    mkdirSync(`${root}/${this.#name}`, { mode: 0o700 });
    this.#folders = new Folders(root);
    this.#prefix = this.#folders.enter(this.#name);
  }

  /**
   * Writes content, checking its digest on the way.
   * @param open keep it open, to be made durable one by one
   * @returns undefined when it is not what was announced
   */
  async file(
    entry: FileEntry,
    mode: number,
    mtime: number | undefined,
    content: Content,
    open: boolean,
  ): Promise<Staged | undefined> {
    const onDisk = this.next();
    this.#options.effect?.(`write ${entry.path}`);
    const fd = openSync(onDisk, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, mode);
    let keep = false;
    try {
      const hash = createHash('sha256');
      for (let piece = await content.next(); piece !== undefined; piece = await content.next()) {
        hash.update(piece);
        for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at);
      }
      if (hash.digest('hex') !== entry.digest) return undefined;
      this.#dress(fd, mode, mtime);
      keep = true;
    } finally {
      if (!keep || !open) closeSync(fd);
      if (!keep) unlinkSync(onDisk);
    }
    return { onDisk, fd: open ? fd : undefined };
  }

  /** A name in the temporary folder that is not taken. */
  next(): string {
    this.#count += 1;
    return `${this.#prefix}/${this.#count}`;
  }

  /** Removes the temporary folder and all that was not given a name. */
  close(): void {
    this.#folders.close();
    rmSync(`${this.#root}/${this.#name}`, { recursive: true, force: true });
  }

  #dress(fd: number, mode: number, mtime: number | undefined): void {
    const { owner } = this.#options;
    if (owner !== undefined) fchownSync(fd, owner.uid, owner.gid);
    // The umask has its say on new files only; what is replaced keeps its bits.
    if ((mode & MODE_IS_EXACT) !== 0) fchmodSync(fd, mode & 0o777);
    if (mtime !== undefined) futimesSync(fd, mtime / 1000, mtime / 1000);
  }
}

/** Added to a mode that is to be had exactly, whatever the umask. */
export const MODE_IS_EXACT = 0o1000000;

/** Makes staged content durable and closes it. */
export async function settle(staged: readonly Staged[]): Promise<void> {
  const results = await Promise.allSettled(
    staged.map(async ({ fd }) => {
      if (fd === undefined) return;
      try {
        await sync(fd);
      } finally {
        closeSync(fd);
      }
    }),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

const sync = promisify(fsync);

/** For the only one who puts anything below a root, before it puts anything: whatever is there was left by a crash. */
export function removeLeftOvers(root: string): void {
  removeStale(root, () => true);
}

/** A running exchange touches its temporary folder all the time; one untouched for so long was left by a crash. */
const STALE_MS = 60 * 60 * 1000;

function removeStale(root: string, isStale: (name: string, age: number) => boolean): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(TEMPORARY_PREFIX)) continue;
    const path = `${root}/${name}`;
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats !== undefined && isStale(name, Date.now() - stats.mtimeMs))
      rmSync(path, { recursive: true, force: true });
  }
}
