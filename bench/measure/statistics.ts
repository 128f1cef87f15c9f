/** What is told of repeated measurements of one thing. */
export interface Summary {
  median: number;
  least: number;
  most: number;
  count: number;
}

/** Median and spread; undefined without a sample. */
export function summarize(samples: readonly number[]): Summary | undefined {
  const sorted = [...samples].sort((one, other) => one - other);
  const least = sorted[0];
  const most = sorted.at(-1);
  if (least === undefined || most === undefined) return undefined;
  const upper = sorted[Math.floor(sorted.length / 2)] ?? most;
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? least;
  return { median: (lower + upper) / 2, least, most, count: sorted.length };
}

/**
 * One divided by the other, repetition by repetition: what slowed the host down for a while slowed both, so it falls out of the ratio.
 * Undefined when they share no repetition.
 */
export function pairedRatio(one: readonly number[], other: readonly number[]): Summary | undefined {
  const shared = Math.min(one.length, other.length);
  const ratios = Array.from({ length: shared }, (_, index) => (one[index] ?? 0) / (other[index] ?? 0));
  return summarize(ratios.filter(Number.isFinite));
}
