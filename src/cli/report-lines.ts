import { visible } from '../fault/visible.ts';
import type { SessionEvent } from '../supervisor/protocol.ts';
import { say } from './command.ts';
import type { Context } from './context.ts';

export type Report = Extract<SessionEvent, { type: 'report' }>;

/** Paths named one by one before the rest is only counted. */
const NAMED = 8;

/** Says what came back into the project, where anything did. The guest chose the names: they are made safe to show. */
export function showReport(context: Context, report: Report): void {
  const { changed, deleted, conflicts, refused, waiting, omitted, commits = [] } = report;
  if (changed.length > 0) say(context, `changed in the project: ${listed(changed, omitted.changed)}`);
  if (deleted.length > 0) say(context, `deleted in the project: ${listed(deleted, omitted.deleted)}`);
  if (conflicts.length > 0)
    say(
      context,
      `changed on both sides; yours stayed, the guest's is beside it: ${listed(conflicts, omitted.conflicts)}`,
    );
  for (const { ref, count, subjects } of commits.slice(0, NAMED)) {
    const newest = subjects.length === 0 ? '' : `: ${subjects.map((text) => visible(text)).join(' · ')}`;
    say(context, `committed in the guest (${count}): git log ${visible(ref)}${newest}`);
  }
  if (commits.length > NAMED)
    say(context, `committed in the guest: ${commits.length - NAMED} more, see git for-each-ref refs/pcoder`);
  for (const { path, reason } of refused.slice(0, NAMED))
    say(context, `not exchanged: ${visible(path)} (${visible(reason)})`);
  const more = Math.max(0, refused.length - NAMED) + omitted.refused;
  if (more > 0) say(context, `not exchanged: ${more} more`);
  for (const { path, reason } of waiting.slice(0, NAMED))
    say(context, `waits for you: ${visible(path)} (${visible(reason)})`);
  const waitMore = Math.max(0, waiting.length - NAMED) + omitted.waiting;
  if (waitMore > 0) say(context, `waits for you: ${waitMore} more`);
  if (waiting.length > 0)
    say(context, 'look with pcoder changes --diff, then pcoder apply or pcoder discard');
}

function listed(paths: string[], omitted: number): string {
  const named = paths
    .slice(0, NAMED)
    .map((path) => visible(path))
    .join(', ');
  const more = Math.max(0, paths.length - NAMED) + omitted;
  return more > 0 ? `${named} and ${more} more` : named;
}
