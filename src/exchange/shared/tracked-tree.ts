import { sameEntry } from './entry.ts';
import { isWithin } from './path.ts';
import type { Seen, SeenTree } from './stamp.ts';

/** A tree as it was found on disk that remembers which entries have changed since it was last asked. */
export class TrackedTree extends Map<string, Seen> {
  #changed = new Set<string>();

  override set(path: string, seen: Seen): this {
    if (!sameEntry(this.get(path)?.entry, seen.entry)) this.#changed.add(path);
    return super.set(path, seen);
  }

  override delete(path: string): boolean {
    if (this.has(path)) this.#changed.add(path);
    return super.delete(path);
  }

  override clear(): void {
    for (const path of this.keys()) this.#changed.add(path);
    super.clear();
  }

  /** Takes over what a scan of everything found. */
  become(found: SeenTree): void {
    for (const path of this.keys()) if (!found.has(path)) this.delete(path);
    for (const [path, seen] of found) this.set(path, seen);
  }

  /** Drops entries, and all that is below them. */
  drop(tops: readonly string[]): void {
    if (tops.length === 0) return;
    for (const path of tops) this.delete(path);
    // Only a folder has something below it, and a tree is walked once for all of them.
    for (const path of this.keys()) if (tops.some((top) => isWithin(path, top))) this.delete(path);
  }

  /** The paths that were set to something else or deleted since the last call. */
  takeChanged(): Set<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }
}
