import { holdText, type Report } from '../exchange/report.ts';
import { visible } from '../fault/visible.ts';
import type { LeftWaiting } from './session-exchange.ts';

/** Bytes of names one list of a summary holds: all five together must fit into one message of the channel. */
const NAMES = 32 * 1024;

export interface Summary {
  changed: string[];
  deleted: string[];
  conflicts: string[];
  refused: { path: string; reason: string }[];
  waiting: { path: string; reason: string }[];
  /** how many of those that wait this session made */
  freshWaiting: number;
  /** how many more of each there were than are listed */
  omitted: { changed: number; deleted: number; conflicts: number; refused: number; waiting: number };
}

/** What an exchange did to the host, short enough for a message: a checkout of 100,000 files is counted, not listed. */
export function summarize(report: Report, left: LeftWaiting = { all: [], fresh: 0 }): Summary {
  const changed = listed(report.toHost, (path) => path);
  const deleted = listed(report.deleted.onHost, (path) => path);
  const conflicts = listed(
    report.conflicts.map(({ copy }) => copy),
    (path) => path,
  );
  const refused = listed(
    report.refused.map(({ path, text }) => ({ path, reason: text })),
    ({ path, reason }) => path + reason,
  );
  const waiting = listed(
    left.all.map(({ path, hold }) => ({
      path: visible(path, Number.POSITIVE_INFINITY),
      reason: holdText(hold),
    })),
    ({ path, reason }) => path + reason,
  );
  return {
    changed: changed.first,
    deleted: deleted.first,
    conflicts: conflicts.first,
    refused: refused.first,
    waiting: waiting.first,
    freshWaiting: left.fresh,
    omitted: {
      changed: changed.omitted,
      deleted: deleted.omitted,
      conflicts: conflicts.omitted,
      refused: refused.omitted,
      waiting: waiting.omitted,
    },
  };
}

function listed<T>(all: readonly T[], text: (each: T) => string): { first: T[]; omitted: number } {
  let bytes = 0;
  const end = all.findIndex((each) => {
    bytes += Buffer.byteLength(text(each)) + 32;
    return bytes > NAMES;
  });
  const first = end === -1 ? [...all] : all.slice(0, end);
  return { first, omitted: all.length - first.length };
}
