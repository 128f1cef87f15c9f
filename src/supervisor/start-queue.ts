import type { Progress } from '../bundle/progress.ts';
import type { Connection } from '../channel/connection.ts';
import type { Machine } from '../machine/machine.ts';

/** Lets many commands wait for one start: all see its progress, and it is given up only when the last of them has gone. */
export class StartQueue {
  readonly #machine: Machine;
  readonly #watchers = new Set<Progress>();
  #abort = new AbortController();
  /** settles when a start that was given up has ended */
  #givenUp: Promise<unknown> | undefined;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  async up(progress: Progress, signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    if (this.#watchers.size === 0) this.#abort = new AbortController();
    this.#watchers.add(progress);
    const leave = () => {
      this.#watchers.delete(progress);
      if (this.#watchers.size === 0) this.#abort.abort();
    };
    signal.addEventListener('abort', leave, { once: true });
    try {
      // One that was given up a moment ago would take a newcomer with it.
      if (this.#givenUp !== undefined) await this.#givenUp;
      const started = this.#machine.start({
        progress: (event) => {
          for (const watcher of this.#watchers) watcher(event);
        },
        signal: this.#abort.signal,
      });
      this.#abort.signal.addEventListener('abort', () => {
        const ended = started
          .catch(() => {})
          .then(() => {
            if (this.#givenUp === ended) this.#givenUp = undefined;
          });
        this.#givenUp = ended;
      });
      return await started;
    } finally {
      signal.removeEventListener('abort', leave);
      this.#watchers.delete(progress);
    }
  }
}
