import type { Outcome, PairedSection, Unit } from '../measure/section.ts';
import { pairedRatio, summarize } from '../measure/statistics.ts';
import { figure, times } from './figure.ts';
import { list, plain, table } from './markdown-parts.ts';

/** A section of pairs as Markdown: median and spread on either side, and how many times the host's figure the guest's is. */
export function pairedText(section: PairedSection): string {
  const heads = ['', 'guest', 'min–max', 'host', 'min–max', 'runs', 'guest ÷ host'];
  const rows = section.pairs.map(({ label, guest, host }) => {
    const ratio = pairedRatio(samples(guest), samples(host));
    return [
      label,
      ...cells(guest, section.unit),
      ...cells(host, section.unit),
      String(Math.max(samples(guest).length, samples(host).length)),
      ratio === undefined ? '' : times(ratio.median),
    ];
  });
  const skipped = section.pairs.flatMap(({ label, guest, host }) => [
    ...reason(`${label} in the guest`, guest),
    ...reason(`${label} on the host`, host),
  ]);
  return [`### ${section.title}`, table(heads, rows, 'right'), ...list([...skipped, ...section.notes])].join(
    '\n\n',
  );
}

function cells(outcome: Outcome, unit: Unit): string[] {
  const summary = summarize(samples(outcome));
  if (summary === undefined) return ['not measured', ''];
  const { median, least, most } = summary;
  return [figure(median, unit), `${figure(least, unit)} – ${figure(most, unit)}`];
}

function reason(what: string, outcome: Outcome): string[] {
  return 'skipped' in outcome ? [`Not measured: ${what}, because ${plain(outcome.skipped)}.`] : [];
}

function samples(outcome: Outcome): readonly number[] {
  return 'samples' in outcome ? outcome.samples : [];
}
