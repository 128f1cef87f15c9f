import { closeSync, lstatSync, mkdirSync, readdirSync, readSync, renameSync, rmSync } from 'node:fs';
import { systemCode } from '../../fault/fault.ts';
import type { Content } from './bundle-stream.ts';
import { openFile } from './digest-file.ts';
import type { FileEntry } from './entry.ts';
import { TEMPORARY_PREFIX } from './ignore.ts';

/** The beginning of a file whose transfer was cut off. */
export interface Part {
  /** SHA-256 of the whole file, so that the part fits no other */
  digest: string;
  /** how much of it is here */
  bytes: number;
}

/** The folder at the root in which they are. */
export const PARTS = `${TEMPORARY_PREFIX}parts`;

/**
 * Keeps what came of large files when a transfer is cut off, for the next to go on there. Nothing is taken on trust: the
 * whole file is hashed when it is complete, the kept part included. A part that nobody came back for goes with other
 * stale temporary folders.
 */
export class Parts {
  readonly #folder: string;

  constructor(root: string) {
    this.#folder = `${root}/${PARTS}`;
  }

  list(): Part[] {
    return this.#names().flatMap((digest) => {
      const stats = lstatSync(`${this.#folder}/${digest}`, { throwIfNoEntry: false });
      return stats?.isFile() === true ? [{ digest, bytes: stats.size }] : [];
    });
  }

  /** Takes over what is staged of a file. @returns false when it is not worth it */
  keep(entry: FileEntry, onDisk: string): boolean {
    const { size } = lstatSync(onDisk);
    if (size < WORTH_KEEPING || size > entry.size) return false;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    renameSync(onDisk, `${this.#folder}/${entry.digest}`);
    return true;
  }

  /** The whole content of a file of which `rest` is what comes behind the part; without the part, only the rest. */
  before(entry: FileEntry, rest: Content): Content {
    const part = `${this.#folder}/${entry.digest}`;
    const piece = Buffer.allocUnsafe(PIECE);
    let fd = openOrNot(part);
    return {
      next: async () => {
        const got = fd === undefined ? 0 : readSync(fd, piece, 0, piece.length, null);
        if (got > 0) return piece.subarray(0, got);
        if (fd !== undefined) {
          closeSync(fd);
          fd = undefined;
          this.#drop();
        }
        return await rest.next();
      },
    };
  }

  /** All of it: one transfer runs at a time, and what it has begun is staged anew. */
  #drop(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #names(): string[] {
    try {
      return readdirSync(this.#folder)
        .filter((name) => /^[0-9a-f]{64}$/.test(name))
        .slice(0, MOST);
    } catch (error) {
      if (systemCode(error) === undefined) throw error;
      return [];
    }
  }
}

/** Bytes; less is sent again in the time it takes to ask. */
const WORTH_KEEPING = 8 * 2 ** 20;
const MOST = 100;
const PIECE = 256 * 1024;

function openOrNot(path: string): number | undefined {
  try {
    return openFile(path).fd;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}
