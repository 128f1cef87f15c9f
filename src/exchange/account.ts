import type { Passed } from './project-exchange.ts';
import type { Conflict } from './reconcile.ts';
import type { Report } from './report.ts';
import type { Waiting } from './waiting.ts';

/** What several passes did, told as if it were one. */
export class Account {
  readonly #toGuest = new Set<string>();
  readonly #toHost = new Set<string>();
  readonly #goneOnHost = new Set<string>();
  readonly #goneOnGuest = new Set<string>();
  readonly #conflicts = new Map<string, Conflict>();
  /** of the last pass: what one pass could not take the next one may have */
  #refused: Report['refused'] = [];
  #waiting: Waiting[] = [];

  add({ report, waiting }: Passed): void {
    move(report.toHost, this.#goneOnHost, this.#toHost);
    move(report.deleted.onHost, this.#toHost, this.#goneOnHost);
    move(report.toGuest, this.#goneOnGuest, this.#toGuest);
    move(report.deleted.onGuest, this.#toGuest, this.#goneOnGuest);
    for (const conflict of report.conflicts) this.#conflicts.set(conflict.copy, conflict);
    this.#refused = report.refused;
    this.#waiting = waiting;
  }

  get waiting(): readonly Waiting[] {
    return this.#waiting;
  }

  report(): Report {
    return {
      toGuest: [...this.#toGuest].sort(),
      toHost: [...this.#toHost].sort(),
      deleted: { onHost: [...this.#goneOnHost].sort(), onGuest: [...this.#goneOnGuest].sort() },
      conflicts: [...this.#conflicts.values()],
      refused: this.#refused,
    };
  }
}

function move(paths: readonly string[], from: Set<string>, to: Set<string>): void {
  for (const path of paths) {
    from.delete(path);
    to.add(path);
  }
}
