import { type Expectation, type Section, samplesOf } from './section.ts';
import { pairedRatio, summarize } from './statistics.ts';

export type Verdict = { result: 'met' | 'not met'; figure: number } | { result: 'not measured' };

/** Holds a section's medians against what was expected of them. */
export function judge(section: Section, expectation: Expectation): Verdict {
  const measured = summarize(samplesOf(section, expectation.row));
  if (expectation.kind === 'value') return verdict(measured?.median, expectation.atMost, undefined);
  const ratio = pairedRatio(samplesOf(section, expectation.row), samplesOf(section, expectation.against));
  return verdict(ratio?.median, expectation.atMost, expectation.atLeast);
}

function verdict(figure: number | undefined, atMost = Infinity, atLeast = -Infinity): Verdict {
  if (figure === undefined) return { result: 'not measured' };
  return { result: figure <= atMost && figure >= atLeast ? 'met' : 'not met', figure };
}
