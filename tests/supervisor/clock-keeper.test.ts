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

  it('sets right what a resume left behind or ahead', async () => {
    for (const off of [-90, 75, -3_600_000]) {
      ahead = off;
      keeper.keep(line.host);
      while (Math.abs(ahead) >= 30) await sleep(10);
      keeper.rest();
    }
  });

  it('leaves a clock alone that is right', async () => {
    ahead = 1;
    keeper.keep(line.host);
    await sleep(400);
    assert.deepEqual(moves, []);
  });

  it('moves by what a slow answer tells for sure, and looks again', async () => {
    ahead = -1000;
    way = 60;
    keeper.keep(line.host);
    while (Math.abs(ahead) >= 70) await sleep(10);
    way = 0;
    while (Math.abs(ahead) >= 30) await sleep(10);
  });

  it('asks nothing more after it was told to rest', async () => {
    ahead = -1000;
    keeper.keep(line.host);
    keeper.rest();
    await sleep(400);
    assert.deepEqual(moves, []);
  });
});
