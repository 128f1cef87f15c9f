import type { Connection } from '../channel/connection.ts';
import { CLOCK, ClockReply } from '../channel/messages/renewal.ts';
import { call } from '../channel/methods.ts';

/** Milliseconds between two looks at the guest's clock; it stands still while the host sleeps, and an emulated one drifts. */
const EVERY = 30_000;
/**
 * Milliseconds after a start or resume until the first look. The time it was given at its renewal is late only by its way there; at once, the
 * look would cost the first command a tenth of its time.
 */
const FIRST = 250;
/** Milliseconds until the next look when the last one told too little; twice as many each further time. */
const AGAIN = 100;
/** Milliseconds of difference that are left alone. */
const TOLERATED = 10;
/** A reply that took longer (ms) is worth another look. */
const FRESH = 40;

/** Keeps the guest's wall clock with the host's: the guest has no network to ask the time from. */
export class ClockKeeper {
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  #again = AGAIN;

  /** Looks at this guest's clock from now on. */
  keep(connection: Connection): void {
    if (this.#connection === connection) return;
    this.rest();
    this.#connection = connection;
    this.#again = AGAIN;
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
      const { behind, took } = await difference(connection, 0);
      // A clock is known to half the way there and back; further off than that, it is nearer after the move.
      if (Math.abs(behind) > Math.max(TOLERATED, took / 2)) await difference(connection, behind);
      if (took > FRESH) {
        next = Math.min(EVERY, this.#again);
        this.#again *= 2;
      }
    } catch {
      // A guest that does not answer has other troubles; they are noticed elsewhere.
    }
    if (this.#connection === connection) this.#next(next);
  }
}

/** Moves the guest's clock, then says by how many milliseconds it is behind, and how many the answer took. */
async function difference(connection: Connection, move: number): Promise<{ behind: number; took: number }> {
  const asked = performance.now();
  const { now } = await call(connection, CLOCK, { move }, ClockReply, { timeout: 5000 });
  const took = performance.now() - asked;
  return { behind: Date.now() - took / 2 - now, took };
}
