import { isFault } from '../../src/fault/fault.ts';
import type { Outcome, Row } from './section.ts';

/** One way of doing the thing that is measured. */
export interface Contender {
  id: string;
  /** Markdown */
  label: string;
  /** Does it once and gives the figure. */
  measure(): Promise<number>;
}

export interface AlternateOptions {
  repeat: number;
  signal: AbortSignal;
  /** told before each measurement */
  note(text: string): void;
}

/**
 * Measures contenders in turn, every one once per repetition, a different one first each time: a busy stretch of the host or a disk
 * that warms up then hits all of them. One that fails is left out from there on, with its reason; the others go on.
 * @throws when `signal` has aborted
 */
export async function alternate(contenders: readonly Contender[], options: AlternateOptions): Promise<Row[]> {
  const outcomes = new Map<string, Outcome>(contenders.map(({ id }) => [id, { samples: [] }]));
  for (let repetition = 0; repetition < options.repeat; repetition++) {
    for (const contender of turn(contenders, repetition)) {
      options.signal.throwIfAborted();
      const outcome = outcomes.get(contender.id);
      if (outcome === undefined || 'skipped' in outcome) continue;
      options.note(`${contender.label} (${repetition + 1}/${options.repeat})`);
      try {
        outcome.samples.push(await contender.measure());
      } catch (error) {
        options.signal.throwIfAborted();
        outcomes.set(contender.id, { skipped: reasonOf(error) });
      }
    }
  }
  return contenders.map(({ id, label }) => ({ id, label, outcome: outcomes.get(id) ?? { samples: [] } }));
}

/** The order of one repetition: everybody begins once. */
export function turn<T>(all: readonly T[], repetition: number): T[] {
  const first = all.length === 0 ? 0 : repetition % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}

/** What a table can say of an error: one line, with the innermost cause, which is the one that names the matter. */
export function reasonOf(error: unknown): string {
  const texts: string[] = [];
  for (let next = error; next instanceof Error && texts.length < 4; next = next.cause)
    texts.push(next.message);
  const reason = texts.length === 0 ? String(error) : texts.join(': ');
  const hint = isFault(error) && error.hint !== undefined ? ` (${error.hint})` : '';
  return `${reason}${hint}`.replace(/\s+/g, ' ').slice(0, 400);
}
