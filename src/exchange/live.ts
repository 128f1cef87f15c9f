import type { Passed } from './project-exchange.ts';

interface LiveOptions {
  /** one pass; `noticed`: only over what the watchers noticed */
  pass(noticed: boolean): Promise<Passed>;
  /** a pass that failed is tried again when something changes, or later */
  failed(error: unknown): void;
  /** whether changes on both sides are noticed; otherwise everything is looked at now and then */
  sees(): boolean;
}

/**
 * Carries changes over as they happen, until it is closed. Watchers wake it, a pass decides; at first and now and then it
 * looks at everything, because watchers miss things.
 */
export class LiveExchange {
  readonly #options: LiveOptions;
  readonly #running: Promise<void>;
  #closed = false;
  #woken = false;
  #wake = () => {};
  /** milliseconds the last pass took, and the last one over everything */
  #took = 0;
  #wholeTook = 0;
  #lastWhole = Number.NEGATIVE_INFINITY;
  /** when a pass is due that was put off */
  #again = Number.POSITIVE_INFINITY;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Something may have changed. */
  noticed(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Ends after the pass that is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      const due = Math.min(this.#untilWhole(), this.#again - performance.now());
      await this.#sleep(failures > 0 ? Math.min(RETRY * 2 ** failures, RETRY_AT_MOST) : due);
      // An editor saves in several steps, a checkout in thousands; and the guest's time belongs to its programs first.
      if (this.#woken) await this.#settle(Math.min(this.#took, REST_AT_MOST));
      if (this.#closed) return;
      const isWhole = failures > 0 || this.#untilWhole() <= 0;
      this.#woken = false;
      try {
        await this.#pass(isWhole);
        failures = 0;
      } catch (error) {
        // The same failure again and again is said once.
        if (failures === 0) this.#options.failed(error);
        failures += 1;
      }
    }
  }

  async #pass(isWhole: boolean): Promise<void> {
    const began = performance.now();
    const { again } = await this.#options.pass(!isWhole);
    this.#again = again > 0 ? performance.now() + again : Number.POSITIVE_INFINITY;
    const ended = performance.now();
    this.#took = ended - began;
    if (!isWhole) return;
    this.#lastWhole = ended;
    this.#wholeTook = this.#took;
  }

  #untilWhole(): number {
    const every = this.#options.sees()
      ? Math.max(WATCHED_EVERY, WATCHED_SHARE * this.#wholeTook)
      : Math.max(BLIND_EVERY, BLIND_SHARE * this.#wholeTook);
    return this.#lastWhole + every - performance.now();
  }

  async #settle(rest: number): Promise<void> {
    const from = performance.now();
    const until = from + Math.max(rest, SETTLE_AT_MOST);
    do {
      this.#woken = false;
      await this.#sleep(SETTLE);
    } while (this.#woken && !this.#closed && performance.now() < until);
    const left = from + rest / 2 - performance.now();
    this.#woken = false;
    if (left > 0 && !this.#closed) await this.#pause(left);
    this.#woken = true;
  }

  /** Wakes up early only to be closed. */
  async #pause(milliseconds: number): Promise<void> {
    const until = performance.now() + milliseconds;
    while (!this.#closed && performance.now() < until) {
      this.#woken = false;
      await this.#sleep(until - performance.now());
    }
  }

  /** Wakes up early when something is noticed. */
  async #sleep(milliseconds: number): Promise<void> {
    if (this.#woken || this.#closed || milliseconds <= 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, milliseconds);
    });
    clearTimeout(timer);
    this.#wake = () => {};
  }
}

/** Milliseconds of quiet before a pass, and how long it may be put off by ever new changes. */
const SETTLE = 20;
const SETTLE_AT_MOST = 150;
/** Milliseconds between passes at most, however long they take. */
const REST_AT_MOST = 2000;
/** Milliseconds between two looks at everything, and how many times as long as one of them takes. */
const WATCHED_EVERY = 60_000;
const WATCHED_SHARE = 30;
const BLIND_EVERY = 2_000;
const BLIND_SHARE = 10;
/** Milliseconds until a failed pass is tried again, doubled each time. */
const RETRY = 500;
const RETRY_AT_MOST = 30_000;
