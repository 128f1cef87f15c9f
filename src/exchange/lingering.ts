/**
 * Lets removals rest before they are carried over live: what is written anew a moment later was never meant to go, and a
 * tree that is being emptied is known as such only at its end.
 */
export class Lingering {
  readonly #since = new Map<string, number>();
  /** when a path was last found missing that was not before */
  #last = 0;

  /**
   * @param missing what would be removed by a pass at this time
   * @param now milliseconds of a clock that only goes forward
   * @returns milliseconds until they may go, 0: now
   */
  rest(missing: Iterable<string>, now: number): number {
    const paths = new Set(missing);
    for (const path of this.#since.keys()) if (!paths.has(path)) this.#since.delete(path);
    for (const path of paths) {
      if (this.#since.has(path)) continue;
      this.#since.set(path, now);
      this.#last = now;
    }
    const [first] = this.#since.values();
    if (first === undefined) return 0;
    return Math.max(0, Math.min(this.#last + QUIET - now, first + AT_MOST - now));
  }
}

/** Milliseconds without another removal. */
const QUIET = 500;
const AT_MOST = 10_000;
