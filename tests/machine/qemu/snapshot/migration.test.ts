import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProgressEvent } from '../../../../src/bundle/progress.ts';
import { isFault } from '../../../../src/fault/fault.ts';
import { giveUpSave, loadFrom, saveTo } from '../../../../src/machine/qemu/snapshot/migration.ts';

/** A QEMU that gives these answers to `query-migrate`, the last one for ever. */
function qmp(...states: object[]) {
  const asked: string[] = [];
  const execute = async (command: string, parameters?: Record<string, unknown>) => {
    asked.push(parameters?.['uri'] === undefined ? command : `${command} ${parameters['uri']}`);
    return command === 'query-migrate' ? (states.length > 1 ? states.shift() : states[0]) : {};
  };
  return { asked, execute };
}
const ram = (remaining: number) => ({ transferred: 100 - remaining, remaining, total: 100 });

describe('a save', () => {
  it('goes to the file with each page at its own place, and ends when QEMU says so', async () => {
    const events: ProgressEvent[] = [];
    const qemu = qmp(
      {},
      { status: 'setup' },
      { status: 'active', ram: ram(60) },
      { status: 'device', ram: ram(0) },
      { status: 'completed', ram: ram(0) },
    );
    await saveTo(qemu, '/a folder/memory', (event) => events.push(event));
    assert.deepEqual(qemu.asked.slice(0, 4), [
      'migrate-set-capabilities',
      'migrate-set-parameters',
      'migrate file:/a folder/memory',
      'query-migrate',
    ]);
    assert.deepEqual(
      events.map((event) => (event.type === 'amount' ? event.done : event)),
      [40, 100],
    );
  });

  it('that fails or is cancelled is an error with QEMU’s own words', async () => {
    const full = qmp({ status: 'active' }, { status: 'failed', 'error-desc': 'No space left on device' });
    await assert.rejects(
      saveTo(full, '/m', () => {}),
      (error: Error) =>
        isFault(error, 'qemu-failed') && (error.cause as Error).message === 'No space left on device',
    );
    await assert.rejects(
      saveTo(qmp({ status: 'cancelled' }), '/m', () => {}),
      { code: 'qemu-failed' },
    );
  });

  it('with an answer that does not fit is an error too', async () => {
    await assert.rejects(saveTo(qmp({ status: 7 }), '/m', () => {}));
  });

  it('that nobody waits for is cancelled, and waited for until QEMU does nothing more', async () => {
    const qemu = qmp({ status: 'active' }, { status: 'cancelling' }, { status: 'cancelled' });
    await giveUpSave(qemu);
    assert.deepEqual(qemu.asked, ['migrate_cancel', 'query-migrate', 'query-migrate', 'query-migrate']);
    const never = qmp({});
    await giveUpSave(never);
    assert.equal(never.asked.length, 2);
  });
});

describe('a load', () => {
  it('reads the file and ends when QEMU says so', async () => {
    const qemu = qmp({ status: 'active' }, { status: 'completed' });
    await loadFrom(qemu, '/devices');
    assert.deepEqual(qemu.asked.slice(0, 2), ['migrate-set-capabilities', 'migrate-incoming file:/devices']);
  });

  it('of another QEMU’s devices is an error', async () => {
    await assert.rejects(loadFrom(qmp({ status: 'failed', 'error-desc': 'Unknown section' }), '/devices'), {
      code: 'qemu-failed',
    });
  });
});
