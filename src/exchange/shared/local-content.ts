import { closeSync, readSync } from 'node:fs';
import { systemCode } from '../../fault/fault.ts';
import type { Content } from './bundle-stream.ts';
import { openFile } from './digest-file.ts';
import type { Entry, Tree } from './entry.ts';
import type { Folders } from './folders.ts';
import { nameOf, parentOf } from './path.ts';
import { type Seen, sameStamp } from './stamp.ts';

/** The content of a file that is already on this side, to be put under another name. */
export interface LocalContent extends Content {
  close(): void;
}

/** @returns undefined when it is not there as it was seen */
export function openLocal(folders: Folders, { entry, stamp }: Seen): LocalContent | undefined {
  try {
    const { fd, stats } = openFile(`${folders.enter(parentOf(entry.path))}/${nameOf(entry.path)}`);
    if (!sameStamp(stamp, stats)) {
      closeSync(fd);
      return undefined;
    }
    const piece = Buffer.allocUnsafe(Math.min(stats.size, PIECE));
    let left = stats.size;
    return {
      async next() {
        const got = left === 0 ? 0 : readSync(fd, piece, 0, piece.length, null);
        left -= got;
        return got === 0 ? undefined : piece.subarray(0, got);
      },
      close: () => closeSync(fd),
    };
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

const PIECE = 256 * 1024;

/** Below this, what has to be said of a file is as long as the file. */
const WORTH_IT = 4096;

/** Finds a file by its content: what was renamed or copied need not be sent again. */
export class ByDigest {
  readonly #tree: Iterable<Entry>;
  #paths: Map<string, string> | undefined;

  constructor(tree: Tree | Iterable<Entry>) {
    this.#tree = tree instanceof Map ? tree.values() : tree;
  }

  /** @returns the path of a file with that content, another than `entry`'s own */
  find(entry: Entry): string | undefined {
    if (entry.type !== 'file' || entry.size < WORTH_IT) return undefined;
    this.#paths ??= this.#read();
    const path = this.#paths.get(entry.digest);
    return path === entry.path ? undefined : path;
  }

  #read(): Map<string, string> {
    const paths = new Map<string, string>();
    for (const entry of this.#tree)
      if (entry.type === 'file' && entry.size >= WORTH_IT) paths.set(entry.digest, entry.path);
    return paths;
  }
}
