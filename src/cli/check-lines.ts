import { EXIT } from '../fault/codes.ts';
import { asTyped } from '../fault/render.ts';
import { visibleLines } from '../fault/visible.ts';
import type { CheckResult } from './checks/check.ts';
import { printJson, programName } from './command.ts';
import type { Context } from './context.ts';

const MARKS = { ok: '✓', warning: '!', failed: '✗' } as const;

/** Shows what checks found; the exit code says whether all is well. */
export function showChecks(context: Context, results: readonly CheckResult[], json: boolean): number {
  const failed = results.some(({ finding }) => finding.result === 'failed');
  if (json)
    printJson(context, {
      ok: !failed,
      checks: results.map(({ id, title, finding }) => ({ id, title, ...finding })),
    });
  else for (const result of results) context.stdout.write(checkLine(result, programName(context.env)));
  return failed ? EXIT.hostPrerequisite : EXIT.ok;
}

function checkLine({ title, finding }: CheckResult, program: string): string {
  const line = `${MARKS[finding.result]} ${title}: ${visibleLines(finding.detail, '  ')}\n`;
  return finding.result === 'ok'
    ? line
    : `${line}  hint: ${visibleLines(asTyped(finding.remedy, program), '  ')}\n`;
}
