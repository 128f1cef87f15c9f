import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figure, times } from '../../../bench/report/figure.ts';

test('a figure has three digits and the unit that suits it', () => {
  assert.equal(figure(0.1467, 'milliseconds'), '0.147 ms');
  assert.equal(figure(180.4, 'milliseconds'), '180 ms');
  assert.equal(figure(999.6, 'milliseconds'), '1.00 s');
  assert.equal(figure(4124, 'milliseconds'), '4.12 s');
  assert.equal(figure(123_456, 'milliseconds'), '123 s');
  assert.equal(figure(66_140_000, 'bytes per second'), '66.1 MB/s');
  assert.equal(figure(90_000_000, 'bytes'), '90.0 MB');
  assert.equal(figure(0, 'bytes'), '0 MB');
  assert.equal(times(0.3049), '0.305 ×');
});
