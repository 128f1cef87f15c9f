import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Section } from '../../../bench/measure/section.ts';
import { judge } from '../../../bench/measure/verdict.ts';

const section: Section = {
  title: 'Times',
  unit: 'milliseconds',
  rows: [
    { id: 'ours', label: 'ours', outcome: { samples: [10, 20, 30] } },
    { id: 'theirs', label: 'theirs', outcome: { samples: [40, 80, 60] } },
    { id: 'absent', label: 'absent', outcome: { skipped: 'not here' } },
  ],
  expectations: [],
  notes: [],
};

test('a ratio is met at its bound and not met beyond it', () => {
  const ratio = { text: '', kind: 'ratio', row: 'ours', against: 'theirs' } as const;
  assert.deepEqual(judge(section, { ...ratio, atMost: 1 / 4 }), { result: 'met', figure: 1 / 4 });
  assert.equal(judge(section, { ...ratio, atMost: 0.24 }).result, 'not met');
  assert.equal(judge(section, { ...ratio, atLeast: 1 / 4 }).result, 'met');
  assert.equal(judge(section, { ...ratio, atLeast: 0.26 }).result, 'not met');
});

test('a value is judged by its median', () => {
  const value = { text: '', kind: 'value', row: 'ours' } as const;
  assert.deepEqual(judge(section, { ...value, atMost: 20 }), { result: 'met', figure: 20 });
  assert.equal(judge(section, { ...value, atMost: 19 }).result, 'not met');
});

test('what could not be measured is neither met nor missed', () => {
  const against = judge(section, { text: '', kind: 'ratio', row: 'ours', against: 'absent', atMost: 1 });
  assert.deepEqual(against, { result: 'not measured' });
  assert.deepEqual(judge(section, { text: '', kind: 'value', row: 'absent', atMost: 1 }), {
    result: 'not measured',
  });
});
