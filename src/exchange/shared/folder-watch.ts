import { type FSWatcher, watch } from 'node:fs';
import { sep } from 'node:path';
import { systemCode } from '../../fault/fault.ts';
import { type Hints, isEmpty, noHints } from './hints.ts';
import type { Ignore } from './ignore.ts';
import { below } from './path.ts';

interface WatchOptions {
  /** whether one watcher sees everything below a folder (Windows, macOS); elsewhere each folder has its own */
  recursive: boolean;
  ignore: Ignore;
  /** called once for all that is noticed until the next `take` */
  noticed(): void;
}

/**
 * Notices that something may have changed below a root. Only ever a hint: events are lost when the system's queue runs
 * over, and none come for writes through a memory map.
 */
export class FolderWatch {
  readonly #root: string;
  readonly #options: WatchOptions;
  readonly #watchers = new Map<string, FSWatcher>();
  #hints: Hints = noHints();
  #told = false;
  #active = false;
  #blind: string | undefined;

  constructor(root: string, options: WatchOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** why nothing can be noticed any more, if so: too many folders for the system, or one it cannot watch */
  get blind(): string | undefined {
    return this.#blind;
  }

  /** whether what is read from now on is watched, and nothing has put an end to that */
  get sees(): boolean {
    return this.#active && this.#blind === undefined;
  }

  /** Watches what is read from now on. */
  begin(): void {
    this.#active = true;
    this.#blind = undefined;
  }

  /** Watches a folder that is about to be read. One that was replaced by another under its name is watched anew. */
  enter(folder: string): void {
    if (!this.sees || (this.#options.recursive && this.#watchers.size > 0)) return;
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
    try {
      const watcher = watch(below(this.#root, folder), {
        persistent: false,
        recursive: this.#options.recursive,
      });
      watcher.on('change', (_event, name) => this.#event(folder, name));
      watcher.on('error', (error) => this.#failed(folder, error));
      this.#watchers.set(folder, watcher);
    } catch (error) {
      // It went meanwhile, which the reading will find.
      if (!['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) this.#giveUp(error);
    }
  }

  /** whether what happens right in this folder is noticed */
  watches(folder: string): boolean {
    return this.#options.recursive ? this.#watchers.size > 0 : this.#watchers.has(folder);
  }

  /** Forgets folders that are not part of the tree any more. */
  keepOnly(isFolder: (path: string) => boolean): void {
    if (this.#options.recursive) return;
    for (const [folder, watcher] of this.#watchers) {
      if (folder === '' || isFolder(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
  }

  /** What was noticed since the last call. */
  take(): Hints {
    const hints = this.#hints;
    this.#hints = noHints();
    this.#told = false;
    return hints;
  }

  /** Ends watching; `begin` may follow. */
  close(): void {
    this.#active = false;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #event(folder: string, name: string | Buffer | null): void {
    if (name === null) this.#hints.folders.add(folder);
    else {
      const path = below(folder, name.toString().replaceAll(sep, '/'));
      if (isIgnored(path, this.#options.ignore)) return;
      if (!this.#hints.everything) this.#hints.entries.add(path);
      if (this.#hints.entries.size > MOST_HINTS) this.#hints = { ...noHints(), everything: true };
    }
    if (this.#told || isEmpty(this.#hints)) return;
    this.#told = true;
    this.#options.noticed();
  }

  #failed(folder: string, error: Error): void {
    // Windows says so when a watched folder goes.
    if (folder !== '' && ['EPERM', 'ENOENT'].includes(systemCode(error) ?? '')) {
      this.#watchers.get(folder)?.close();
      this.#watchers.delete(folder);
    } else this.#giveUp(error);
  }

  #giveUp(error: unknown): void {
    this.close();
    this.#active = true;
    this.#hints = noHints();
    this.#blind = error instanceof Error ? error.message : String(error);
    if (!this.#told) this.#options.noticed();
    this.#told = true;
  }
}

/** Past this, looking at everything is as quick. */
const MOST_HINTS = 50_000;

/** A recursive watcher also tells of what is inside an ignored folder. */
function isIgnored(path: string, ignore: Ignore): boolean {
  for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1))
    if (ignore(path.slice(0, end))) return true;
  return ignore(path);
}
