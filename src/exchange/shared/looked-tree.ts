import { systemCode } from '../../fault/fault.ts';
import { LIMITS, type Limits } from './entry.ts';
import type { FolderWatch } from './folder-watch.ts';
import type { Ignore } from './ignore.ts';
import { isWithin, parentOf } from './path.ts';
import type { Reason, Refusal } from './reason.ts';
import { MAX_REFUSED, rescan, scan, tooMuch } from './scan.ts';
import { TrackedTree } from './tracked-tree.ts';

export type Watch = Pick<FolderWatch, 'sees' | 'take' | 'enter' | 'watches' | 'keepOnly'>;

interface LookOptions {
  ignore?: Ignore | undefined;
  limits?: Limits | undefined;
  watch?: Watch | undefined;
}

/** One side's folder as it was last looked at; looking again reads only what changed. */
export class LookedTree {
  readonly tree = new TrackedTree();
  readonly #root: string;
  readonly #options: LookOptions;
  readonly #refused = new Map<string, Reason>();
  /** the watch saw the folders being read that `tree` holds, so what it noticed since is all there is to know */
  #watched = false;

  constructor(root: string, options: LookOptions) {
    this.#root = root;
    this.#options = options;
  }

  /** what is there but takes no part */
  get refused(): Refusal[] {
    return [...this.#refused].map(([path, reason]) => ({ path, reason }));
  }

  /**
   * @param noticed look only at what the watch noticed, where there is one that still sees
   * @returns whether there is such a folder at all
   * @throws Fault `exchange-refused` past the limits; the system's error when the root cannot be read
   */
  async look({
    noticed,
    signal,
  }: {
    noticed?: boolean | undefined;
    signal?: AbortSignal | undefined;
  }): Promise<boolean> {
    const { watch } = this.#options;
    const hints = watch?.take();
    if (noticed === true && this.#watched && watch?.sees === true && hints?.everything === false)
      return await this.#lookAgain(hints, signal);
    return await this.#lookAtAll(signal);
  }

  async #lookAtAll(signal: AbortSignal | undefined): Promise<boolean> {
    const { watch } = this.#options;
    this.#watched = false;
    const wasSeen = watch?.sees === true;
    const found = await scan(this.#root, this.#scanOptions(signal)).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    this.#refused.clear();
    this.tree.become(found?.seen ?? new Map());
    this.#refuse(found?.refused ?? []);
    watch?.keepOnly((path) => this.tree.get(path)?.entry.type === 'folder');
    this.#watched = found !== undefined && wasSeen;
    return found !== undefined;
  }

  async #lookAgain(hints: Parameters<typeof rescan>[1], signal: AbortSignal | undefined): Promise<boolean> {
    const unread = (folder: string) => this.#options.watch?.watches(folder) === false;
    const found = await rescan(this.#root, hints, { ...this.#scanOptions(signal), unread }).catch(
      (error: unknown) => {
        // What was noticed is taken; only looking at everything makes up for it.
        this.#watched = false;
        if (systemCode(error) === 'ENOENT') return undefined;
        throw error;
      },
    );
    if (found === undefined) return await this.#lookAtAll(signal);
    for (const path of this.#refused.keys()) {
      const again = (top: string) => isWithin(path, top);
      if (hints.folders.has(parentOf(path)) || hints.entries.has(path) || found.gone.some(again))
        this.#refused.delete(path);
    }
    this.tree.drop(found.gone.filter((path) => this.tree.has(path)));
    for (const [path, seen] of found.seen) this.tree.set(path, seen);
    this.#refuse(found.refused);
    if (found.gone.length > 0)
      this.#options.watch?.keepOnly((path) => this.tree.get(path)?.entry.type === 'folder');
    this.#checkSize();
    return true;
  }

  #scanOptions(signal: AbortSignal | undefined) {
    const { ignore, limits, watch } = this.#options;
    return {
      ignore,
      limits,
      signal,
      previous: this.tree,
      entering: (folder: string) => watch?.enter(folder),
    };
  }

  #refuse(refused: readonly Refusal[]): void {
    for (const { path, reason } of refused) this.#refused.set(path, reason);
  }

  #checkSize(): void {
    const { entries } = this.#options.limits ?? LIMITS;
    if (this.tree.size > entries) throw tooMuch(`more than ${entries} files and folders`, this.#root);
    if (this.#refused.size > MAX_REFUSED)
      throw tooMuch(`more than ${MAX_REFUSED} names that cannot be exchanged`, this.#root);
  }
}
