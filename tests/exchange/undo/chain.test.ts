import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Entry } from '../../../src/exchange/shared/entry.ts';
import { chosen, returnsOf } from '../../../src/exchange/undo/chain.ts';
import { journalOf, type KeptChange, type Line } from '../../../src/exchange/undo/journal.ts';
import { type KeptSession, lastToUndo } from '../../../src/exchange/undo/kept-sessions.ts';

const file = (path: string, content: number): Entry => ({
  path,
  type: 'file',
  exec: false,
  size: 1,
  digest: String(content).padStart(64, '0'),
});

const change = (n: number, path: string, was: number | undefined, now: number | undefined): KeptChange => ({
  op: 'change',
  n,
  ...(was !== undefined && { was: file(path, was) }),
  ...(now !== undefined && { now: file(path, now) }),
});

describe('what undoing a session means', () => {
  const contents = fc.array(fc.option(fc.nat(3), { nil: undefined }), { minLength: 2, maxLength: 8 });

  test('for a path that only the session changed, it is what was there before all of it', () => {
    fc.assert(
      fc.property(contents, (states) => {
        const changes = states.slice(1).map((now, index) => change(index + 1, 'f', states[index], now));
        const back = returnsOf(changes).get('f');
        const [first, last] = [states[0], states.at(-1)];
        if (first === last) assert.equal(back, undefined);
        else
          assert.deepEqual(
            [back?.before, back?.left],
            [first, last].map((content) => (content === undefined ? undefined : file('f', content))),
          );
      }),
    );
  });

  test('for a path somebody else changed in between, it is what that one had left', () => {
    const back = returnsOf([change(1, 'f', 0, 1), change(2, 'f', 7, 2), change(3, 'f', 2, 3)]).get('f');
    assert.deepEqual([back?.before, back?.left, back?.n], [file('f', 7), file('f', 3), 2]);
  });

  test('a chosen path brings the folders back that it was in', () => {
    const folder = (path: string, n: number): KeptChange => ({
      op: 'change',
      n,
      was: { path, type: 'folder' },
    });
    const returns = returnsOf([
      change(1, 'a/b/f', 1, undefined),
      change(2, 'a/g', 1, undefined),
      folder('a/b', 3),
      folder('a', 4),
    ]);
    assert.deepEqual(
      chosen(returns, (path) => path === 'a/b/f')
        .map(({ path }) => path)
        .sort(),
      ['a', 'a/b', 'a/b/f'],
    );
  });
});

describe('a journal', () => {
  const lines: Line[] = [
    { op: 'open', format: 1, project: '/p', at: '2026-01-01T00:00:00.000Z' },
    change(1, 'a', 1, 2),
    change(2, 'b', 1, 2),
    { op: 'not', n: 1 },
    { op: 'done', n: 2 },
    change(3, 'c', undefined, 2),
  ];
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');

  test('says what was made, and what may have been', () => {
    const journal = journalOf(text);
    assert.deepEqual(
      journal?.changes.map(({ n }) => n),
      [2, 3],
    );
    assert.deepEqual(
      journal?.pending.map(({ n }) => n),
      [3],
    );
    assert.equal(journal?.isClosed, false);
    assert.equal(journal?.last, 3);
  });

  test('that was torn anywhere says what its whole lines say', () => {
    for (let length = 0; length <= text.length; length += 1) {
      const whole = text.slice(0, length).split('\n').length - 1;
      const journal = journalOf(text.slice(0, length));
      assert.equal(journal?.last ?? 0, [0, 0, 1, 2, 2, 2, 3][whole]);
      if (whole > 0) assert.equal(journal?.length, text.split('\n').slice(0, whole).join('\n').length + 1);
    }
  });

  test('with lines that nobody can read says what the others say', () => {
    assert.deepEqual(journalOf(`${text}\0\0\0\n{"op":"change"}\n{"op":"close"}\n`)?.last, 3);
    assert.equal(journalOf('\0\0\0\n'), undefined);
  });
});

describe('without a session named', () => {
  const session = (name: string, more: Partial<KeptSession> = {}): KeptSession => ({
    session: name,
    project: '/p',
    at: '',
    undoes: undefined,
    isPart: false,
    isCutOff: false,
    restores: 1,
    removes: 0,
    ...more,
  });
  const cases: [string, KeptSession[], string | undefined][] = [
    ['the last one is undone', [session('s2'), session('s1')], 's2'],
    ['one that changed nothing is passed over', [session('s2', { restores: 0 }), session('s1')], 's1'],
    [
      'one that is undone is passed over',
      [session('u', { undoes: 's2' }), session('s2'), session('s1')],
      's1',
    ],
    [
      'one whose undo was undone is not',
      [session('v', { undoes: 'u' }), session('u', { undoes: 's2' }), session('s2')],
      's2',
    ],
    [
      'one whose undo was cut off is not',
      [session('u', { undoes: 's2', isCutOff: true }), session('s2')],
      's2',
    ],
    [
      'one of which some paths are undone is not',
      [session('u', { undoes: 's2', isPart: true }), session('s2')],
      's2',
    ],
    ['there may be nothing left', [session('u', { undoes: 's1' }), session('s1')], undefined],
  ];
  for (const [what, sessions, expected] of cases)
    test(what, () => assert.equal(lastToUndo(sessions), expected));
});
