import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLOCK, Clock } from '../../src/channel/messages/renewal.ts';
import { request, serve } from '../../src/channel/methods.ts';
import { ClockKeeper } from '../../src/supervisor/clock-keeper.ts';
import { Line } from '../channel/line.ts';

describe('the keeper of the guest’s clock', { timeout: 10_000 }, () => {
  let line: Line;
  let keeper: ClockKeeper;
  /** what the guest's clock is ahead by, and how long it takes to answer, each way (ms) */
  let ahead: number;
  let way: number;
  let moves: number[];

  beforeEach(async () => {
    moves = [];
    way = 0;
    keeper = new ClockKeeper();
    line = await Line.join({
      guest: serve({
        [CLOCK]: request(Clock, async ({ move }) => {
          await sleep(way);
          if (move !== 0) moves.push(move);
          ahead += move;
          const now = Date.now() + ahead;
          await sleep(way);
          return { now };
        }),
      }),
    });
  });
  afterEach(async () => {
    keeper.rest();
    await line[Symbol.asyncDispose]();
  });

  it('sets right at once what a resume left behind or ahead', async () => {
    for (const off of [-90, 75, -3_600_000]) {
      ahead = off;
      keeper.keep(line.host);
      await sleep(120);
      assert.ok(Math.abs(ahead) < 30, `${ahead} ms off`);
      keeper.rest();
    }
  });

  it('leaves a clock alone that is right', async () => {
    ahead = 1;
    keeper.keep(line.host);
    await sleep(120);
    assert.deepEqual(moves, []);
  });

  it('moves by what a slow answer tells for sure, and looks again', async () => {
    ahead = -1000;
    way = 60;
    keeper.keep(line.host);
    await sleep(300);
    assert.ok(Math.abs(ahead) < 70, `${ahead} ms off`);
    way = 0;
    await sleep(500);
    assert.ok(Math.abs(ahead) < 30, `${ahead} ms off`);
  });

  it('asks nothing more after it was told to rest', async () => {
    ahead = -1000;
    keeper.keep(line.host);
    keeper.rest();
    await sleep(80);
    assert.deepEqual(moves, []);
  });
});
