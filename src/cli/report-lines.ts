import { visible } from '../fault/visible.ts';
import type { SessionEvent } from '../supervisor/protocol.ts';
import { say } from './command.ts';
import type { Context } from './context.ts';

export type Report = Extract<SessionEvent, { type: 'report' }>;

/** Paths named one by one before the rest is only counted. */
const NAMED = 8;

/** Says what came back into the project, where anything did. The guest chose the names: they are made safe to show. */
export function showReport(context: Context, report: Report): void {
  if (report.changed.length > 0) say(context, `changed in the project: ${listed(report.changed)}`);
  if (report.deleted.length > 0) say(context, `deleted in the project: ${listed(report.deleted)}`);
  if (report.conflicts.length > 0)
    say(
      context,
      `changed on both sides; yours stayed, the guest's is beside it: ${listed(report.conflicts)}`,
    );
  for (const { path, reason } of report.refused.slice(0, NAMED))
    say(context, `not exchanged: ${visible(path)} (${visible(reason)})`);
  if (report.refused.length > NAMED) say(context, `not exchanged: ${report.refused.length - NAMED} more`);
}

function listed(paths: string[]): string {
  const named = paths
    .slice(0, NAMED)
    .map((path) => visible(path))
    .join(', ');
  return paths.length > NAMED ? `${named} and ${paths.length - NAMED} more` : named;
}
