/**
 * Lets long synchronous work give way. Synchronous calls cost a tenth of asynchronous ones for small files, more so in an
 * emulated guest; in slices they still let the channel breathe.
 */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Whether this slice is used up; then `await rest()`. */
  due(): boolean {
    return performance.now() - this.#since > SLICE_MS;
  }

  /** @throws what the signal was aborted with */
  async rest(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#signal?.throwIfAborted();
    this.#since = performance.now();
  }
}

const SLICE_MS = 10;
