import { EXIT } from '../../fault/codes.ts';
import { visible } from '../../fault/visible.ts';
import { command, printJson, say } from '../command.ts';
import type { Context } from '../context.ts';
import { showReport } from '../report-lines.ts';
import { decide, reviewPlace } from '../review.ts';
import type { ReviewFlags } from '../review-flags.ts';

interface DecideFlags extends ReviewFlags {
  readonly unseen: boolean;
}

export const apply = command((context: Context, flags: DecideFlags, ...paths: string[]) =>
  carryOut(context, flags, 'apply', paths),
);
export const discard = command((context: Context, flags: DecideFlags, ...paths: string[]) =>
  carryOut(context, flags, 'discard', paths),
);

async function carryOut(
  context: Context,
  flags: DecideFlags,
  goal: 'apply' | 'discard',
  paths: readonly string[],
): Promise<number> {
  const place = await reviewPlace(context, flags, paths);
  const { report, unseen, unseenMore } = await decide(context, place, goal, flags.unseen);
  const { type: _type, ...exchange } = report;
  if (flags.json) printJson(context, { project: place.project, machine: place.machine, exchange, unseen });
  else {
    showReport(context, report);
    const names = unseen.slice(0, NAMED).map((path) => visible(path));
    const more = unseen.length + unseenMore - names.length;
    if (names.length > 0)
      say(
        context,
        `left as they are, because they were not shown or have changed since: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}; look again with pcoder changes, or add --unseen`,
      );
    else if (goal === 'discard') say(context, "the guest has the host's version again");
  }
  return unseen.length > 0 ? EXIT.changesWait : EXIT.ok;
}

/** Paths named one by one before the rest is only counted. */
const NAMED = 8;
