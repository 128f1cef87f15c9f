import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Connection } from '../../src/channel/connection.ts';
import type { Machine, StartOptions } from '../../src/machine/machine.ts';
import { StartQueue } from '../../src/supervisor/start-queue.ts';

const CONNECTION = {} as Connection;

/** Starts once at a time, as a machine does, and ends a start that was given up only when it is told to. */
class Starting {
  starts: (StartOptions & { finish(): void; fail(): void })[] = [];
  #under: Promise<Connection> | undefined;
  readonly machine = {
    start: (options: StartOptions) => {
      this.#under ??= new Promise<Connection>((resolve, reject) => {
        this.starts.push({
          ...options,
          finish: () => resolve(CONNECTION),
          fail: () => reject(new Error('given up')),
        });
      }).finally(() => {
        this.#under = undefined;
      });
      return this.#under;
    },
  } as unknown as Machine;
}

/** Each command has its own. */
const quiet = () => () => {};
const never = new AbortController().signal;

describe('commands that wait for one start', () => {
  it('that come when one is being given up get a start of their own', async () => {
    const starting = new Starting();
    const queue = new StartQueue(starting.machine);
    const gone = new AbortController();
    const lost = queue.up(quiet(), gone.signal);
    await turn();
    gone.abort();
    const newcomer = queue.up(quiet(), never);
    await turn();
    starting.starts[0]?.fail();
    await assert.rejects(lost, /given up/);
    await turn();
    assert.equal(starting.starts.length, 2);
    assert.equal(starting.starts[1]?.signal?.aborted, false);
    starting.starts[1]?.finish();
    assert.equal(await newcomer, CONNECTION);
  });
});
