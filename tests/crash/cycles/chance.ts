/** Random choices that a seed brings back. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** At least 0 and below 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** Half of them soon, when most of the work is done; the others anywhere. */
  delay(soon: number, late: number): number {
    return this.below(this.next() < 0.6 ? soon : late);
  }

  one<T>(from: readonly T[]): T {
    const chosen = from[this.below(from.length)];
    if (chosen === undefined) throw new Error('nothing to choose from');
    return chosen;
  }

  /** One of them, as often as its weight says. */
  weighted<T extends { weight: number }>(from: readonly T[]): T {
    let rest = this.next() * from.reduce((sum, { weight }) => sum + weight, 0);
    for (const each of from) {
      rest -= each.weight;
      if (rest < 0) return each;
    }
    return this.one(from);
  }
}
