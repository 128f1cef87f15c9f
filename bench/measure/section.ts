/** What the samples of a section count. */
export type Unit = 'milliseconds' | 'bytes per second' | 'bytes';

/** Samples in the order of the repetitions, or why there are none. */
export type Outcome = { samples: number[] } | { skipped: string };

export interface Row {
  id: string;
  /** Markdown */
  label: string;
  outcome: Outcome;
}

/** What a section should show. A ratio is the first row's figure divided by the second's, repetition by repetition. */
export type Expectation = { text: string } & (
  | { kind: 'ratio'; row: string; against: string; atMost?: number; atLeast?: number }
  | { kind: 'value'; row: string; atMost: number }
);

/** One table: contenders measured side by side. */
export interface Section {
  title: string;
  unit: Unit;
  rows: Row[];
  /** the row that the others are set against; none where a comparison says nothing */
  ours?: string;
  expectations: Expectation[];
  /** what a reader must know to judge the figures */
  notes: string[];
}

/** One table of things done in the guest and on the host; the ratio of each says what the guest costs. */
export interface PairedSection {
  title: string;
  unit: Unit;
  pairs: { id: string; label: string; guest: Outcome; host: Outcome }[];
  notes: string[];
}

export function samplesOf(section: Section, id: string): readonly number[] {
  const outcome = section.rows.find((row) => row.id === id)?.outcome;
  return outcome !== undefined && 'samples' in outcome ? outcome.samples : [];
}
