import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import * as z from 'zod/mini';
import type { Connection } from '../../../src/channel/connection.ts';
import { POWER_OFF } from '../../../src/channel/messages/guest.ts';
import { request, serve } from '../../../src/channel/methods.ts';
import { bringDown, type Stoppable } from '../../../src/machine/qemu/shutdown.ts';
import { identify } from '../../../src/platform/process-identity.ts';
import { Line } from '../../channel/line.ts';

describe('bringing QEMU down', { timeout: 15_000 }, () => {
  let qemu: ChildProcess;
  let line: Line;
  let steps: string[];
  let heeds: string;

  beforeEach(async () => {
    qemu = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(qemu, 'spawn');
    steps = [];
    line = await Line.join({ guest: serve({ [POWER_OFF]: request(z.object({}), () => step('guest')) }) });
  });
  afterEach(async () => {
    qemu.kill('SIGKILL');
    await line[Symbol.asyncDispose]();
  });

  function step(name: string): void {
    steps.push(name);
    if (name === heeds) qemu.kill('SIGTERM');
  }

  function target(connection: Connection | undefined = line.host): Stoppable {
    const identity = identify(qemu.pid ?? 0);
    assert.ok(identity);
    return { qemu: identity, connection, qmp: { execute: async (command) => step(command) } };
  }
  const quick = { guest: 60, powerButton: 60, quit: 60 };

  for (const [obeys, manner, taken] of [
    ['guest', 'guest shutdown', ['guest']],
    ['system_powerdown', 'power button', ['guest', 'system_powerdown']],
    ['quit', 'quit', ['guest', 'system_powerdown', 'quit']],
    ['nothing', 'kill', ['guest', 'system_powerdown', 'quit']],
  ] as const) {
    it(`ends with the gentlest step it heeds: ${manner}`, async () => {
      heeds = obeys;
      assert.equal(
        await bringDown(target(), {
          ...quick,
          [obeys === 'guest' ? 'guest' : 'quit']: 2000,
          ...(obeys === 'system_powerdown' ? { powerButton: 2000 } : {}),
          ...(obeys === 'nothing' ? quick : {}),
        }),
        manner,
      );
      assert.deepEqual(steps, taken);
      assert.equal(identify(qemu.pid ?? 0), undefined);
    });
  }

  it('does not ask a guest that is not connected, nor press the button when told to skip it', async () => {
    heeds = 'quit';
    assert.equal(
      await bringDown({ ...target(), connection: undefined }, { guest: 60, powerButton: 0, quit: 2000 }),
      'quit',
    );
    assert.deepEqual(steps, ['quit']);
  });

  it('does not wait for a guest whose connection has fallen', async () => {
    heeds = 'quit';
    line.host.close();
    assert.equal(await bringDown(target(), { guest: 10_000, powerButton: 60, quit: 2000 }), 'quit');
  });

  it('kills what cannot be asked any more', async () => {
    assert.equal(await bringDown({ ...target(), connection: undefined, qmp: undefined }), 'kill');
    const refuses = { execute: () => Promise.reject(new Error('QEMU closed its control connection')) };
    qemu = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(qemu, 'spawn');
    assert.equal(await bringDown({ ...target(), connection: undefined, qmp: refuses }), 'kill');
  });

  it('of a process that has ended does nothing', async () => {
    const gone = target();
    qemu.kill('SIGKILL');
    await once(qemu, 'exit');
    assert.equal(await bringDown(gone), 'not running');
    assert.deepEqual(steps, []);
  });
});
