import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markdown } from '../../../bench/report/markdown.ts';

const host = {
  cores: 2,
  processor: 'A processor',
  memory: 24 * 2 ** 30,
  kernel: '6.12',
  load: [0.5, 1, 1.5],
  qemu: '10.0.13',
  accelerator: 'tcg',
  image: 'debian-13-0123456789ab',
  guest: { memory: 2048, cpus: 2 },
  node: '24.21.0',
};

const text = markdown({
  date: '2026-01-02T03:04:05.678Z',
  host,
  sections: [
    {
      title: 'A race',
      unit: 'milliseconds',
      rows: [
        { id: 'ours', label: 'ours', outcome: { samples: [100, 300, 200] } },
        { id: 'theirs', label: 'theirs', outcome: { samples: [1000, 3000, 2000] } },
        { id: 'absent', label: 'absent', outcome: { skipped: 'there is no <stock> guest.' } },
      ],
      ours: 'ours',
      expectations: [
        { text: 'at most a third', kind: 'ratio', row: 'ours', against: 'theirs', atMost: 1 / 3 },
        { text: 'less than nothing', kind: 'value', row: 'ours', atMost: 0 },
        { text: 'more than the absent', kind: 'ratio', row: 'ours', against: 'absent', atLeast: 1 },
      ],
      notes: ['A note.'],
    },
  ],
});

test('the tables say what they were measured on', () => {
  assert.match(text, /\| date \| 2026-01-02 03:04 \|/);
  assert.match(text, /\| host \| 2 cores, A processor, 24 GiB \|/);
  assert.match(text, /\| load at the start \| 0\.50 1\.00 1\.50 /);
  for (const value of [host.kernel, host.qemu, host.accelerator, host.image, host.node])
    assert.ok(text.includes(`| ${value} |`), value);
});

test('a row has its median, spread, number of runs and what ours is of it', () => {
  assert.match(text, /\| \*\*ours\*\* \| 200 ms \| 100 ms – 300 ms \| 3 \| {2}\|/);
  assert.match(text, /\| theirs \| 2\.00 s \| 1\.00 s – 3\.00 s \| 3 \| 0\.100 × \|/);
});

test('a contender that could not be measured keeps its row and its reason', () => {
  assert.match(text, /\| absent \| not measured \| {2}\| {2}\| {2}\|/);
  assert.match(text, /- Not measured: absent, because there is no &lt;stock> guest\.$/m);
});

test('each expectation is said to be met, not met or not measured', () => {
  assert.match(text, /- Expected at most a third: \*\*met\*\* \(0\.100 ×\)\./);
  assert.match(text, /- Expected less than nothing: \*\*not met\*\* \(200 ms\)\./);
  assert.match(text, /- Expected more than the absent: not measured\./);
});

test('every row of a table has as many cells as its head', () => {
  let width = 0;
  for (const line of text.split('\n')) {
    const cells = line.startsWith('|') ? line.split('|').length : 0;
    if (cells > 0 && width > 0) assert.equal(cells, width, line);
    width = cells;
  }
});
