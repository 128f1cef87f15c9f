import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_IDLE, parseIdle } from '../../src/bundle/idle-limit.ts';
import { isFault } from '../../src/fault/fault.ts';

describe('an idle limit', () => {
  it('is read in seconds, minutes and hours, or is never', () => {
    assert.equal(parseIdle('90s'), 90_000);
    assert.equal(parseIdle('15m'), 900_000);
    assert.equal(parseIdle('2h'), 7_200_000);
    assert.ok(parseIdle('never') > parseIdle('500h'));
    assert.ok(parseIdle(DEFAULT_IDLE) > 0);
  });

  it('is always one a timer can wait for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), fc.constantFrom('s', 'm', 'h'), (amount, unit) => {
        const limit = parseIdle(`${amount}${unit}`);
        assert.ok(limit >= 1000 && limit < 2 ** 31);
      }),
    );
  });

  it('of anything else is a usage error', () => {
    for (const text of ['', '15', 'm', '0s', '00m', '1.5h', '-1s', '15M', ' 1s', '1s ', '1234567s', 'Never'])
      assert.throws(
        () => parseIdle(text),
        (error) => isFault(error, 'usage'),
        text,
      );
  });
});
