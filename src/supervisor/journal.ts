import { appendFileSync } from 'node:fs';
import { visible } from '../fault/visible.ts';

/** Lines kept for `status`. */
const RECENT = 20;

/** The supervisor's own log, and the last things worth telling a person. */
export class Journal {
  readonly #path: string;
  readonly #recent: string[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  note(text: string): void {
    this.#recent.push(text);
    if (this.#recent.length > RECENT) this.#recent.shift();
    this.debug(text);
  }

  debug(text: string): void {
    try {
      appendFileSync(this.#path, `${new Date().toISOString()} ${visible(text)}\n`, { mode: 0o600 });
    } catch {
      // A log that cannot be written must not stop the work it is about.
    }
  }

  get recent(): string[] {
    return [...this.#recent];
  }
}
