import type { KeptSession } from '../exchange/undo/kept-sessions.ts';
import type { LeftReason } from '../exchange/undo/returnable.ts';
import type { Undone } from '../exchange/undo/undo-session.ts';
import { visible } from '../fault/visible.ts';

/** What an undo did, safe to show: the guest may have chosen the names. */
export interface ShownUndone extends Omit<Undone, 'left'> {
  left: { path: string; reason: LeftReason; text: string; kept: string | undefined }[];
}

export function shownUndone({ restored, removed, already, left }: Undone): ShownUndone {
  return {
    restored: restored.map(whole),
    removed: removed.map(whole),
    already: already.map(whole),
    left: left.map(({ path, reason, kept }) => ({ path: whole(path), reason, text: TEXTS[reason], kept })),
  };
}

/** For people. What was left has to be looked at one by one, as far as a screen goes. */
export function undoneLines(session: string, { restored, removed, already, left }: ShownUndone): string[] {
  const lines: string[] = [];
  if (restored.length > 0) lines.push(`brought back: ${listed(restored)}`);
  if (removed.length > 0) lines.push(`removed, made by that session: ${listed(removed)}`);
  for (const { path, text, kept } of left.slice(0, LEFT))
    lines.push(
      `left as it is: ${path} (${text})${kept === undefined ? '' : `; before the session it was ${kept}`}`,
    );
  if (left.length > LEFT)
    lines.push(`left as they are: ${left.length - LEFT} more; with --json all are named`);
  if (lines.length > 0) return lines;
  return [
    already.length > 0
      ? `everything is as it was before session ${session}`
      : `session ${session} changed nothing there`,
  ];
}

/** One line for each session, the last one first. */
export function keptTable(sessions: readonly KeptSession[]): string {
  return sessions
    .map(({ session, at, undoes, restores, removes }) => {
      const what = `would bring back ${restores}, remove ${removes}`;
      return `${session}  ${at.slice(0, 16).replace('T', ' ')}  ${what}${undoes === undefined ? '' : `  (undid ${undoes})`}\n`;
    })
    .join('');
}

const TEXTS: Record<LeftReason, string> = {
  changed: 'it was changed since',
  'not-kept': 'what was there before is not kept any more',
  'not-empty': 'it holds files the session did not make',
  refused: 'it cannot be written',
};

/** Paths named one by one before the rest is only counted. */
const NAMED = 8;
const LEFT = 20;

function listed(paths: readonly string[]): string {
  const more = paths.length - NAMED;
  const named = paths.slice(0, NAMED).join(', ');
  return more > 0 ? `${named} and ${more} more` : named;
}

function whole(path: string): string {
  return visible(path, Number.POSITIVE_INFINITY);
}
