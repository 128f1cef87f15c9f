import { Transform } from 'node:stream';

const COUNTS = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo', 'duration_ms'] as const;

/**
 * Joins the events of several runs into one report: each run's own closing counts are taken out, and their sums are given once at
 * the end, so that the last lines speak for all lanes.
 */
export class ClosingLines extends Transform {
  readonly #sums = new Map<string, number>(COUNTS.map((name) => [name, 0]));
  #failed = false;

  constructor() {
    super({ objectMode: true });
  }

  get failed(): boolean {
    return this.#failed;
  }

  override _transform(
    event: { type: string; data: { nesting?: number; message?: string } },
    _encoding: string,
    done: () => void,
  ): void {
    const [name = '', figure = ''] =
      event.type === 'test:diagnostic' ? (event.data.message ?? '').split(' ') : [];
    const sum = event.data.nesting === 0 ? this.#sums.get(name) : undefined;
    // Each run's totals come again as a summary; here the sums stand for all of them.
    if (event.type === 'test:fail') this.#failed = true;
    if (sum !== undefined && Number.isFinite(Number(figure))) this.#sums.set(name, sum + Number(figure));
    else if (event.type !== 'test:summary') this.push(event);
    done();
  }

  override _flush(done: () => void): void {
    for (const [name, sum] of this.#sums) {
      this.push({
        type: 'test:diagnostic',
        data: { nesting: 0, message: `${name} ${Number(sum.toFixed(3))}`, level: 'info' },
      });
    }
    done();
  }
}
