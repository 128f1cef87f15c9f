import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alternate, reasonOf, turn } from '../../../bench/measure/alternate.ts';
import { Fault } from '../../../src/fault/fault.ts';

const quiet = { note: () => {}, signal: new AbortController().signal };

function contender(id: string, measure: () => number) {
  return { id, label: id, measure: async () => measure() };
}

test('every contender is measured once per repetition and another one begins each time', async () => {
  const order: string[] = [];
  const contenders = ['a', 'b', 'c'].map((id) => contender(id, () => order.push(id)));
  const rows = await alternate(contenders, { ...quiet, repeat: 3 });
  assert.deepEqual(order.join(''), 'abcbcacab');
  assert.deepEqual(
    rows.map(({ outcome }) => outcome),
    [{ samples: [1, 6, 8] }, { samples: [2, 4, 9] }, { samples: [3, 5, 7] }],
  );
});

test('a contender that fails is left out with its reason while the others go on', async () => {
  let tries = 0;
  const fails = contender('fails', () => {
    tries++;
    throw new Fault('prerequisite-missing', 'no mmdebstrap', { hint: 'install it' });
  });
  const rows = await alternate([fails, contender('works', () => 7)], { ...quiet, repeat: 2 });
  assert.equal(tries, 1);
  assert.deepEqual(
    rows.map(({ outcome }) => outcome),
    [{ skipped: 'no mmdebstrap (install it)' }, { samples: [7, 7] }],
  );
});

test('an interruption ends the measuring and is not taken for a contender that fails', async () => {
  const stop = new AbortController();
  const interrupts = contender('one', () => {
    stop.abort(new Fault('interrupted', 'interrupted'));
    throw new Error('killed');
  });
  const measuring = alternate([interrupts], { ...quiet, signal: stop.signal, repeat: 2 });
  await assert.rejects(measuring, { code: 'interrupted' });
});

test('a reason is one line that ends with the innermost cause', () => {
  const error = new Fault('check-failed', 'it failed', { cause: new Error('first\nsecond') });
  assert.equal(reasonOf(error), 'it failed: first second');
  assert.equal(reasonOf('plain'), 'plain');
});

test('a turn of nobody is empty', () => {
  assert.deepEqual(turn([], 5), []);
});
