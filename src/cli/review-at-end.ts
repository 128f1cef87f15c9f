import { EXIT } from '../fault/codes.ts';
import type { SessionRequest } from '../session/request.ts';
import type { Attached } from './attach.ts';
import { describeChange } from './change-lines.ts';
import type { Context } from './context.ts';
import { showReport } from './report-lines.ts';
import { decide, listChanges, type ReviewPlace } from './review.ts';

/**
 * Asks, where somebody sits at a terminal, what becomes of the changes of a session under review.
 * @returns the command's exit code
 */
export async function reviewAtEnd(
  context: Context,
  machine: string,
  request: SessionRequest,
  { code, report }: Attached,
): Promise<number> {
  const isAsked = context.stdin.isTTY === true && context.stderr.isTTY === true;
  if (request.exchange !== 'review' || !isAsked || report === undefined || report.waiting.length === 0)
    return code;
  const place: ReviewPlace = { machine, project: request.project, paths: [] };
  const { isCancel, select } = await import('@clack/prompts');
  for (;;) {
    const chosen = await select({
      message: 'What the guest has changed waits for you.',
      options: [
        { value: 'show', label: 'Show the changes' },
        { value: 'apply', label: 'Take them over into the project' },
        { value: 'discard', label: "Take them back: the guest gets the project's version" },
        { value: 'later', label: 'Decide later, with pcoder changes, apply and discard' },
      ],
      input: context.stdin,
      output: context.stderr,
    });
    if (isCancel(chosen) || chosen === 'later') return code;
    const changes = await listChanges(context, place, chosen === 'show');
    if (chosen === 'show')
      for (const change of changes) context.stderr.write(`${describeChange(change, true)}\n`);
    else {
      const decided = await decide(context, place, chosen, false);
      showReport(context, decided.report);
      if (decided.report.waiting.length === 0) return code === EXIT.changesWait ? EXIT.ok : code;
    }
  }
}
