import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pairedRatio, summarize } from '../../../bench/measure/statistics.ts';

test('a median lies between the least and the most, and half of the samples lie on either side', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 40 }),
      (samples) => {
        const { median, least, most, count } = summarize(samples) ?? assert.fail('no summary');
        assert.ok(least <= median && median <= most);
        assert.equal(count, samples.length);
        assert.ok(samples.filter((sample) => sample <= median).length * 2 >= count);
        assert.ok(samples.filter((sample) => sample >= median).length * 2 >= count);
      },
    ),
  );
});

test('the median of an even number of samples is the middle of the two in the middle', () => {
  assert.deepEqual(summarize([4, 1, 3, 2]), { median: 2.5, least: 1, most: 4, count: 4 });
  assert.equal(summarize([5, 1, 3])?.median, 3);
});

test('nothing measured gives no summary and no ratio', () => {
  assert.equal(summarize([]), undefined);
  assert.equal(pairedRatio([], [1]), undefined);
  assert.equal(pairedRatio([1], [0]), undefined);
});

test('a host that slows down for a while does not change a ratio', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1, max: 1000, noNaN: true }), { minLength: 1 }), (slowness) => {
      const ours = slowness.map((factor) => factor * 2);
      const theirs = slowness.map((factor) => factor * 8);
      assert.ok(Math.abs((pairedRatio(ours, theirs)?.median ?? 0) - 0.25) < 1e-9);
    }),
  );
});
