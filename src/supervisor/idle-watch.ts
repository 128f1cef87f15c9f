/** Counts who needs the machine and says when nobody has for long enough. */
export class IdleWatch {
  readonly #expired: () => void;
  #limit: number;
  #users = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param limit milliseconds */
  constructor(limit: number, expired: () => void) {
    this.#limit = limit;
    this.#expired = expired;
  }

  /** Somebody needs the machine until they call what is returned. */
  hold(): () => void {
    this.#users++;
    clearTimeout(this.#timer);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#users--;
      this.#wait();
    };
  }

  get isUsed(): boolean {
    return this.#users > 0;
  }

  /** A new limit, from now on; the time counts anew. */
  set limit(milliseconds: number) {
    this.#limit = milliseconds;
    this.#wait();
  }

  #wait(): void {
    clearTimeout(this.#timer);
    if (this.#users > 0) return;
    this.#timer = setTimeout(this.#expired, this.#limit);
    this.#timer.unref();
  }
}
