import type { Host } from '../host.ts';
import { type PairedSection, type Row, type Section, samplesOf } from '../measure/section.ts';
import { pairedRatio, summarize } from '../measure/statistics.ts';
import { judge } from '../measure/verdict.ts';
import { figure, times } from './figure.ts';
import { list, plain, table } from './markdown-parts.ts';
import { pairedText } from './paired.ts';

/** One run of the benchmarks. */
export interface BenchReport {
  /** ISO 8601 */
  date: string;
  host: Host;
  sections: (Section | PairedSection)[];
}

/** The report as Markdown, for the terminal and for docs/benchmarks.md alike. */
export function markdown(report: BenchReport): string {
  return [
    hostTable(report),
    ...report.sections.map((each) => ('pairs' in each ? pairedText(each) : sectionText(each))),
  ].join('\n\n');
}

function hostTable({ date, host }: BenchReport): string {
  const load = host.load.map((value) => value.toFixed(2)).join(' ');
  const lines = [
    ['date', date.slice(0, 16).replace('T', ' ')],
    ['host', `${host.cores} cores, ${host.processor}, ${(host.memory / 2 ** 30).toFixed(0)} GiB`],
    ['kernel', host.kernel],
    ['load at the start', `${load} (1, 5, 15 minutes)`],
    ['QEMU', host.qemu],
    ['accelerator', host.accelerator],
    ['guest image', host.image],
    ['guests', `${host.guest.cpus} processors, ${host.guest.memory} MiB each`],
    ['Node', host.node],
  ];
  return table(['measured on', ''], lines, 'left');
}

function sectionText(section: Section): string {
  const heads = ['', 'median', 'min–max', 'runs'];
  if (section.ours !== undefined) heads.push('ours ÷ this');
  const parts = [
    `### ${section.title}`,
    table(
      heads,
      section.rows.map((row) => cells(section, row)),
      'right',
    ),
    ...list(section.expectations.map((expectation) => expectationLine(section, expectation))),
    ...list([...section.rows.flatMap(skippedLine), ...section.notes]),
  ];
  return parts.join('\n\n');
}

function cells(section: Section, row: Row): string[] {
  const label = row.id === section.ours ? `**${row.label}**` : row.label;
  const summary = summarize(samplesOf(section, row.id));
  if (summary === undefined) return [label, 'not measured', '', ''];
  const { median, least, most, count } = summary;
  const own = [
    label,
    figure(median, section.unit),
    `${figure(least, section.unit)} – ${figure(most, section.unit)}`,
    String(count),
  ];
  if (section.ours === undefined) return own;
  const ratio = pairedRatio(samplesOf(section, section.ours), samplesOf(section, row.id));
  return [...own, ratio === undefined || row.id === section.ours ? '' : times(ratio.median)];
}

function expectationLine(section: Section, expectation: Section['expectations'][number]): string {
  const verdict = judge(section, expectation);
  if (verdict.result === 'not measured') return `Expected ${expectation.text}: not measured.`;
  const shown = expectation.kind === 'ratio' ? times(verdict.figure) : figure(verdict.figure, section.unit);
  return `Expected ${expectation.text}: **${verdict.result}** (${shown}).`;
}

function skippedLine({ label, outcome }: Row): string[] {
  return 'skipped' in outcome ? [`Not measured: ${label}, because ${plain(outcome.skipped)}.`] : [];
}
