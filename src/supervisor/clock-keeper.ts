import type { Connection } from '../channel/connection.ts';
import { CLOCK, ClockReply } from '../channel/messages/renewal.ts';
import { call } from '../channel/methods.ts';

/** Milliseconds between two looks at the guest's clock; it stands still while the host sleeps, and an emulated one drifts. */
const EVERY = 30_000;
/** Milliseconds after a start or resume until the first look. */
const FIRST = 500;
/** Milliseconds until the next look when the last one told nothing. */
const AGAIN = 1000;
/** Milliseconds of difference that are left alone. */
const TOLERATED = 10;
/** A reply that took longer (ms) says too little about the moment it was given. */
const FRESH = 40;

/** Keeps the guest's wall clock with the host's: the guest has no network to ask the time from. */
export class ClockKeeper {
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Looks at this guest's clock from now on. */
  keep(connection: Connection): void {
    if (this.#connection === connection) return;
    this.rest();
    this.#connection = connection;
    this.#next(FIRST);
    connection.closed.then(() => {
      if (this.#connection === connection) this.rest();
    });
  }

  rest(): void {
    clearTimeout(this.#timer);
    this.#connection = undefined;
  }

  #next(after: number): void {
    this.#timer = setTimeout(() => this.#look(), after).unref();
  }

  async #look(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    let next = EVERY;
    try {
      const behind = await difference(connection, 0);
      if (behind === undefined) next = AGAIN;
      else if (Math.abs(behind) > TOLERATED) await difference(connection, behind);
    } catch {
      // A guest that does not answer has other troubles; they are noticed elsewhere.
    }
    if (this.#connection === connection) this.#next(next);
  }
}

/** Moves the guest's clock, then says by how many milliseconds it is behind; undefined when the answer took too long to tell. */
async function difference(connection: Connection, move: number): Promise<number | undefined> {
  const asked = performance.now();
  const middle = () => Date.now() - (performance.now() - asked) / 2;
  const { now } = await call(connection, CLOCK, { move }, ClockReply, { timeout: 5000 });
  return performance.now() - asked > FRESH ? undefined : middle() - now;
}
