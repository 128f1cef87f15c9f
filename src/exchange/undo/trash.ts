import {
  constants,
  linkSync,
  lstatSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
} from 'node:fs';
import { chmod, copyFile, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../fault/fault.ts';
import { syncFolder } from '../../platform/whole-file.ts';

/**
 * The files of a project that a session has replaced or removed, each under the number of its change. On the project's own
 * file system they are the files themselves, under a second name; elsewhere, copies.
 */
export class Trash {
  readonly #folder: string;
  readonly #device: number;
  #isDirty = false;

  private constructor(folder: string, device: number) {
    this.#folder = folder;
    this.#device = device;
  }

  /** @throws the system's error */
  static async open(folder: string): Promise<Trash> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new Trash(folder, statSync(folder).dev);
  }

  pathOf(number: number): string {
    return join(this.#folder, String(number));
  }

  /**
   * Keeps a file's content, durable once `settle` has returned, and leaves the file in place.
   * @returns whether the file itself is kept
   */
  async keep(number: number, onDisk: string, stats: Stats): Promise<boolean> {
    this.#isDirty = true;
    const kept = this.pathOf(number);
    if (this.#isMovable(stats)) {
      try {
        linkSync(onDisk, kept);
        return true;
      } catch (error) {
        if (!UNLINKABLE.includes(systemCode(error) ?? '')) throw error;
      }
    }
    await copyDurably(onDisk, kept);
    return false;
  }

  /** Whether `move` is likely to work, so that nothing need be copied. */
  canMove(stats: Stats): boolean {
    return stats.isSymbolicLink() ? stats.dev === this.#device : this.#isMovable(stats);
  }

  /** @returns where to; undefined when it cannot be moved there */
  move(number: number, onDisk: string): string | undefined {
    this.#isDirty = true;
    const kept = this.pathOf(number);
    try {
      renameSync(onDisk, kept);
      return kept;
    } catch (error) {
      if (!UNLINKABLE.includes(systemCode(error) ?? '')) throw error;
      return undefined;
    }
  }

  /** Gives back what was moved. @returns whether its place was still free */
  giveBack(number: number, onDisk: string): boolean {
    const kept = this.pathOf(number);
    try {
      linkSync(kept, onDisk);
      unlinkSync(kept);
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      if (!UNLINKABLE.includes(systemCode(error) ?? '')) throw error;
      if (lstatSync(onDisk, { throwIfNoEntry: false }) !== undefined) return false;
      renameSync(kept, onDisk);
    }
    return true;
  }

  drop(number: number): void {
    rmSync(this.pathOf(number), { force: true });
  }

  async settle(): Promise<void> {
    if (!this.#isDirty) return;
    this.#isDirty = false;
    await syncFolder(this.#folder);
  }

  /** A file with a second name in the project may be written under that one: then what is kept would change. */
  #isMovable({ dev, nlink }: Stats): boolean {
    return dev === this.#device && nlink === 1;
  }
}

/** What is answered for two file systems, by those without hard links, and for files of others (fs.protected_hardlinks). */
const UNLINKABLE = ['EXDEV', 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL'];

async function copyDurably(from: string, to: string): Promise<void> {
  // Blocks are shared where the file system can do that.
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  // Its own bits stand in the journal. Windows flushes only what may be written.
  await chmod(to, 0o600);
  const file = await open(to, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
