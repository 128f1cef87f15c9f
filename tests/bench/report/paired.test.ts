import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pairedText } from '../../../bench/report/paired.ts';

const text = pairedText({
  title: 'Two places',
  unit: 'milliseconds',
  pairs: [
    { id: 'one', label: 'one', guest: { samples: [400, 600, 500] }, host: { samples: [100, 100, 50] } },
    { id: 'two', label: 'two', guest: { samples: [2000] }, host: { skipped: 'this host has no two.' } },
  ],
  notes: ['A note.'],
});

test('a pair has both medians, both spreads, and its ratio repetition by repetition', () => {
  assert.match(text, /\| one \| 500 ms \| 400 ms – 600 ms \| 100 ms \| 50\.0 ms – 100 ms \| 3 \| 6\.00 × \|/);
});

test('a side that could not be measured keeps its place and its reason, and the other its figure', () => {
  assert.match(text, /\| two \| 2\.00 s \| 2\.00 s – 2\.00 s \| not measured \| {2}\| 1 \| {2}\|/);
  assert.match(text, /^- Not measured: two on the host, because this host has no two\.$/m);
  assert.match(text, /^- A note\.$/m);
});
