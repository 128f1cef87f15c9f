import { Fault } from './fault.ts';
import { visibleLines } from './visible.ts';

/** The text of an error for people: `error:`, indented `caused by:` lines, `hint:` last. */
export function renderFault(error: unknown, program = 'pcoder'): string {
  const lines = [`error: ${messageOf(error)}`];
  for (const cause of causes(error)) lines.push(`  caused by: ${messageOf(cause)}`);
  const hint = hintOf(error);
  if (hint !== undefined) lines.push(`hint: ${visibleLines(asTyped(hint, program), '    ')}`);
  return `${lines.join('\n')}\n`;
}

/** Hints name commands as `pcoder VERB`; a person should be able to paste them, so they get the program as it was called. */
export function asTyped(hint: string, program: string): string {
  return hint.replace(/(^|[\s`(])pcoder (?=[a-z-])/g, (_all, before: string) => `${before}${program} `);
}

export interface FaultRecord {
  code: string;
  message: string;
  causes: string[];
  hint?: string | undefined;
}

/** The same as data, for `--json` and for the wire between supervisor and command. */
export function faultRecord(error: unknown): FaultRecord {
  const hint = hintOf(error);
  return {
    code: error instanceof Fault ? error.code : 'internal',
    message: messageOf(error),
    causes: causes(error).map(messageOf),
    ...(hint === undefined ? {} : { hint }),
  };
}

const BUG_HINT = 'this is a defect in pcoder; `pcoder logs` has more, please report it';

function hintOf(error: unknown): string | undefined {
  if (error instanceof Fault) return error.hint;
  return BUG_HINT;
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // A quoted program's own output may span lines.
  return visibleLines(text, '    ');
}

function causes(error: unknown): unknown[] {
  const found: unknown[] = [];
  let next = error instanceof Error ? error.cause : undefined;
  while (next !== undefined && found.length < 8) {
    found.push(next);
    next = next instanceof Error ? next.cause : undefined;
  }
  return found;
}
