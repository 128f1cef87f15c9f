import { describeChange } from '../change-lines.ts';
import { command, printJson, say } from '../command.ts';
import type { Context } from '../context.ts';
import { listChanges, reviewPlace } from '../review.ts';
import type { ReviewFlags } from '../review-flags.ts';

interface ChangesFlags extends ReviewFlags {
  readonly diff: boolean;
}

export default command(async (context: Context, flags: ChangesFlags, ...paths: string[]) => {
  const place = await reviewPlace(context, flags, paths);
  const changes = await listChanges(context, place, flags.diff);
  if (flags.json) {
    printJson(context, { project: place.project, machine: place.machine, changes });
    return undefined;
  }
  for (const change of changes) context.stdout.write(`${describeChange(change, flags.diff)}\n`);
  say(context, changes.length === 0 ? 'nothing waits' : advice(changes.length, flags.diff));
  return undefined;
});

function advice(count: number, withDiff: boolean): string {
  const look = withDiff ? '' : 'pcoder changes --diff shows what is in them; ';
  return `${count} ${count === 1 ? 'change waits' : 'changes wait'} in the guest; ${look}pcoder apply takes them over, pcoder discard takes them back`;
}
