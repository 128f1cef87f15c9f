/** Milliseconds after which a command that was waiting has had its machine. */
const AFTER = 2000;

/** Work that is put off until nobody waits for it, and done at the latest when the machine is brought down. */
export class LeftOver {
  readonly #failed: (error: unknown) => void;
  #work: (() => Promise<void>) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #doing: Promise<void> = Promise.resolve();

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  add(work: () => Promise<void>): void {
    this.#work = work;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.finish(), AFTER);
    this.#timer.unref();
  }

  /** Does what is left now. */
  finish(): Promise<void> {
    clearTimeout(this.#timer);
    const work = this.#work;
    this.#work = undefined;
    if (work !== undefined) this.#doing = work().catch(this.#failed);
    return this.#doing;
  }
}
