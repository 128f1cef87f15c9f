import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { IdleWatch } from '../../src/supervisor/idle-watch.ts';

describe('the watch over a machine nobody uses', () => {
  let expired: number;
  let watch: IdleWatch;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    expired = 0;
    watch = new IdleWatch(1000, () => expired++);
  });
  afterEach(() => mock.timers.reset());

  it('counts from the moment the last user leaves', () => {
    const [one, other] = [watch.hold(), watch.hold()];
    mock.timers.tick(5000);
    one();
    mock.timers.tick(5000);
    assert.equal(expired, 0);
    other();
    mock.timers.tick(999);
    assert.equal(expired, 0);
    mock.timers.tick(1);
    assert.equal(expired, 1);
  });

  it('counts anew after somebody came in between', () => {
    watch.hold()();
    mock.timers.tick(900);
    watch.hold()();
    mock.timers.tick(900);
    assert.equal(expired, 0);
    mock.timers.tick(100);
    assert.equal(expired, 1);
  });

  it('lets each user leave once', () => {
    const one = watch.hold();
    const other = watch.hold();
    one();
    one();
    mock.timers.tick(5000);
    assert.equal(expired, 0);
    other();
    mock.timers.tick(1000);
    assert.equal(expired, 1);
  });

  it('tells whether somebody is there', () => {
    const leave = watch.hold();
    assert.equal(watch.isUsed, true);
    leave();
    assert.equal(watch.isUsed, false);
  });

  it('takes a new limit at once, but not from somebody who is at work', () => {
    watch.hold()();
    watch.limit = 100;
    mock.timers.tick(100);
    assert.equal(expired, 1);
    const leave = watch.hold();
    watch.limit = 10;
    mock.timers.tick(1000);
    assert.equal(expired, 1);
    leave();
    mock.timers.tick(10);
    assert.equal(expired, 2);
  });
});
