import type { MachineSummary, Space } from '../machine/qemu/listing.ts';

/** The machines for people, one a line under headings, in columns. */
export function machineTable(machines: readonly MachineSummary[]): string {
  const rows = [
    ['NAME', 'STATE', 'DISK', 'MEMORY', 'FORKED FROM', 'SINCE', 'IMAGE'],
    ...machines.map((machine) => [
      machine.name,
      machine.state,
      spaceText(machine.disk),
      spaceText(machine.memory),
      machine.forkedFrom ?? '-',
      machine.since?.slice(0, 16).replace('T', ' ') ?? '-',
      machine.image ?? '-',
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}

/** What is the machine's alone, and what it shares. */
export function spaceText({ alone, all }: Space): string {
  if (all === 0) return '-';
  const shared = all - alone;
  const texts = [alone > 0 ? [bytesText(alone)] : [], shared > 0 ? [`${bytesText(shared)} shared`] : []];
  return texts.flat().join(' + ');
}

export function bytesText(bytes: number): string {
  if (bytes < 2 ** 20) return `${Math.ceil(bytes / 1024)} KiB`;
  return bytes < 10 * 2 ** 30 ? `${Math.round(bytes / 2 ** 20)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
