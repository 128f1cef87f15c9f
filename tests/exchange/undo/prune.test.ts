import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Folder, removedUndo, sessionNames } from '../../../src/bundle/folder.ts';
import { undoLimit } from '../../../src/bundle/settings.ts';
import { prune } from '../../../src/exchange/undo/prune.ts';

const HOUR = 60 * 60 * 1000;
const LIMIT = { bytes: 1000, days: 30 };

let folder: Folder;
beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'prune-'));
  folder = { root, state: join(root, 'state') };
});
afterEach(() => rmSync(folder.root, { recursive: true }));

describe('what is kept of sessions', () => {
  test('goes from the oldest on beyond so many bytes, journal and files together', async () => {
    for (const name of ['s1', 's2', 's3', 's4']) keep(name, { bytes: 400, hours: 48 });
    assert.deepEqual(await prune(folder, LIMIT), ['s2', 's1']);
    assert.deepEqual(['s1', 's2', 's3', 's4'].map(isKept), [false, false, true, true]);
    assert.ok(existsSync(sessionNames(folder, 's1').record), 'the record of the session itself stays');
  });

  test('goes after so many days', async () => {
    keep('s1', { bytes: 1, hours: 31 * 24 });
    keep('s2', { bytes: 1, hours: 29 * 24 });
    assert.deepEqual(await prune(folder, LIMIT), ['s1']);
  });

  test('stays for the last session, for one that runs and for an undo that is at work', async () => {
    keep('s1', { bytes: 5000, hours: 2, state: 'running' });
    keep('s2', { bytes: 5000, hours: 0.01, state: 'none' });
    keep('s3', { bytes: 5000, hours: 2 });
    keep('s4', { bytes: 5000, hours: 48 });
    assert.deepEqual(await prune(folder, LIMIT), ['s3']);
  });

  test('does not stay for ever for a session whose record says it runs', async () => {
    keep('s1', { bytes: 5000, hours: 25, state: 'running' });
    keep('s2', { bytes: 5000, hours: 25 });
    assert.deepEqual(await prune(folder, LIMIT), ['s1']);
  });

  test('goes wholly even if the removal was cut off', async () => {
    keep('s1', { bytes: 1, hours: 1 });
    const undoRemoved = removedUndo(folder, 's1');
    mkdirSync(undoRemoved);
    writeFileSync(join(undoRemoved, 'journal.jsonl'), '');
    await prune(folder, LIMIT);
    assert.equal(existsSync(undoRemoved), false);
  });

  test('is bounded by the settings', () => {
    assert.deepEqual(undoLimit({}), { bytes: 2 * 2 ** 30, days: 30 });
    assert.deepEqual(undoLimit({ undo: { keep: '500MiB', days: 7 } }), { bytes: 500 * 2 ** 20, days: 7 });
  });
});

function isKept(session: string): boolean {
  return existsSync(sessionNames(folder, session).undo);
}

function keep(
  session: string,
  { bytes, hours, state = 'finished' }: { bytes: number; hours: number; state?: string },
): void {
  const names = sessionNames(folder, session);
  mkdirSync(names.trash, { recursive: true });
  writeFileSync(join(names.trash, '1'), Buffer.alloc(bytes));
  writeFileSync(names.journal, '');
  if (state !== 'none') writeFileSync(names.record, JSON.stringify({ id: session, state }, null, 2));
  const at = new Date(Date.now() - hours * HOUR);
  utimesSync(names.journal, at, at);
}
