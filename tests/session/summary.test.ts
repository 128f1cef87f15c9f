import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_JSON } from '../../src/channel/frame.ts';
import type { Report } from '../../src/exchange/report.ts';
import { summarize } from '../../src/session/summary.ts';

const EMPTY: Report = {
  toGuest: [],
  toHost: [],
  deleted: { onHost: [], onGuest: [] },
  conflicts: [],
  refused: [],
};

test('a small report is listed as a whole', () => {
  const summary = summarize({ ...EMPTY, toHost: ['a', 'b'], deleted: { onHost: ['c'], onGuest: ['d'] } });
  assert.deepEqual(summary.changed, ['a', 'b']);
  assert.deepEqual(summary.deleted, ['c']);
  assert.deepEqual(summary.omitted, { changed: 0, deleted: 0, conflicts: 0, refused: 0, waiting: 0 });
});

test('a report of any size fits into one message, and what is left off is counted', () => {
  const many = Array.from({ length: 100_000 }, (_, index) => `folder/${'é'.repeat(40)}/${index}`);
  const waiting = many.map((path) => ({
    path,
    guest: undefined,
    host: undefined,
    hold: { why: 'review' as const },
  }));
  const report: Report = {
    toGuest: many,
    toHost: many,
    deleted: { onHost: many, onGuest: [] },
    conflicts: many.map((path) => ({ path, copy: path })),
    refused: many.map((path) => ({ path, reason: 'git', text: 'it is git’s own' })),
  };
  const summary = summarize(report, { all: waiting, fresh: 3 });
  assert.ok(Buffer.byteLength(JSON.stringify(summary)) < MAX_JSON);
  assert.equal(summary.changed.length + summary.omitted.changed, many.length);
  assert.equal(summary.waiting.length + summary.omitted.waiting, many.length);
  assert.equal(summary.freshWaiting, 3);
  assert.equal(summary.refused.length + summary.omitted.refused, many.length);
});
