import { closeSync, constants, existsSync, fsyncSync, lstatSync, openSync } from 'node:fs';
import { systemCode } from '../../fault/fault.ts';
import { below } from './path.ts';

/**
 * Reaches folders below a root without ever following a link. Where the system shows open files as `/proc/self/fd`, each
 * folder is opened by name in its already open parent, so swapping one for a link meanwhile cannot redirect anything;
 * elsewhere every component is looked at right before each use.
 */
export class Folders {
  readonly #root: string;
  /** a prefix stays that very folder until the next call; else it should be asked for right before each use */
  readonly handles: boolean;
  /** the open folders down to the one used last; the first is the root */
  readonly #open: { path: string; fd: number }[] = [];

  constructor(root: string, handles: boolean = handlesWork()) {
    this.#root = root;
    this.handles = handles;
    if (handles) this.#open.push({ path: '', fd: openSync(root, OPEN_REAL_FOLDER) });
  }

  /**
   * A prefix: `${prefix}/${name}` names `name` in that very folder, until the next call.
   * @throws ENOENT or ENOTDIR when a component is missing or is not a real folder
   */
  enter(folder: string): string {
    return this.handles ? `/proc/self/fd/${this.#enterByHandle(folder)}` : this.#enterByLooking(folder);
  }

  /** Makes the names in a folder durable; a no-op where folders cannot be opened. */
  sync(folder: string): void {
    const prefix = this.enter(folder);
    try {
      const fd = openSync(prefix, constants.O_RDONLY);
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL'].includes(systemCode(error) ?? '')) throw error;
    }
  }

  close(): void {
    for (const { fd } of this.#open.splice(0)) closeSync(fd);
  }

  #enterByHandle(folder: string): number {
    let top = this.#top();
    while (top.path !== '' && folder !== top.path && !folder.startsWith(`${top.path}/`)) {
      closeSync(top.fd);
      this.#open.pop();
      top = this.#top();
    }
    const rest = top.path === '' ? folder : folder.slice(top.path.length + 1);
    for (const name of rest === '' ? [] : rest.split('/')) {
      top = {
        path: below(top.path, name),
        fd: openSync(`/proc/self/fd/${top.fd}/${name}`, OPEN_REAL_FOLDER),
      };
      this.#open.push(top);
    }
    return top.fd;
  }

  #top(): { path: string; fd: number } {
    const top = this.#open.at(-1);
    if (top === undefined) throw new Error('the folders were closed');
    return top;
  }

  #enterByLooking(folder: string): string {
    let path = this.#root;
    for (const name of folder === '' ? [] : folder.split('/')) {
      path = `${path}/${name}`;
      // A junction is a link to lstat as well.
      if (!lstatSync(path).isDirectory())
        throw Object.assign(new Error(`${path} is not a folder`), { code: 'ENOTDIR' });
    }
    return path;
  }
}

/** O_NOFOLLOW where there is one. */
export const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

const OPEN_FOLDER = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0);
const OPEN_REAL_FOLDER = OPEN_FOLDER | NO_FOLLOW;

function handlesWork(): boolean {
  return constants.O_DIRECTORY !== undefined && NO_FOLLOW !== 0 && existsSync('/proc/self/fd');
}
