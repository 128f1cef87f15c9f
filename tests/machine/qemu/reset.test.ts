import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { stateNames } from '../../../src/bundle/folder.ts';
import { tidyMachine } from '../../../src/machine/qemu/adoption.ts';
import { hasDisk } from '../../../src/machine/qemu/machine-disk.ts';
import { readRecord } from '../../../src/machine/qemu/record.ts';
import { removeMachine, removeUnfinished } from '../../../src/machine/qemu/removal.ts';
import { resetMachine } from '../../../src/machine/qemu/reset.ts';
import { endingAt, killed, Machines } from './families.ts';

/** More than any of these takes. */
const MANY = 30;

let machines: Machines;
beforeEach(() => {
  machines = new Machines();
});
afterEach(() => machines[Symbol.dispose]());

/** What a supervisor does first with the folder of its machine. @returns whether there is a disk to start from */
const start = async (machine: string, among = machines) => {
  const names = among.names(machine);
  await tidyMachine(names, await readRecord(names.record));
  return hasDisk(names.home, await readRecord(names.record));
};

describe('a reset', () => {
  it('drops disk, memory and agreed trees, and keeps the ssh keys', async () => {
    machines.make('a', ['golden-1.qcow2', 'overlay.qcow2']);
    await machines.suspend('a', 'overlay.qcow2');
    await resetMachine(machines.names('a'));
    assert.equal(await start('a'), false);
    assert.deepEqual(readdirSync(machines.names('a').home).sort(), ['lock.db', 'ssh', 'supervisor.log']);
    assert.equal(readFileSync(machines.names('a').sshHostKey, 'utf8'), 'a');
  });

  it('leaves forks whole', async () => {
    machines.make('a');
    await machines.suspend('a', 'overlay.qcow2');
    await machines.fork('a', 'b');
    await resetMachine(machines.names('a'));
    assert.deepEqual(machines.content('b'), ['a wrote overlay.qcow2']);
    assert.ok(existsSync(join(machines.names('b').suspended, 'memory')));
  });

  it('is what an error over a record that cannot be read names, with the machine', async () => {
    machines.make('a');
    for (const record of ['{', '{"version":1}']) {
      writeFileSync(machines.names('a').record, record);
      await assert.rejects(readRecord(machines.names('a').record), {
        code: 'config-invalid',
        hint: /pcoder machine reset a$/,
      });
    }
  });

  it('mends a machine whose record cannot be read, or that lacks a layer', async () => {
    for (const record of ['{', '{"version":1,"image":"i","disks":["overlay.qcow2","overlay-gone.qcow2"]}']) {
      machines.make('a');
      writeFileSync(machines.names('a').record, record);
      await resetMachine(machines.names('a'));
      assert.equal(await start('a'), false);
      assert.deepEqual(
        Object.keys(machines.everything()).filter((path) => path.includes('qcow2')),
        [],
      );
    }
  });

  it('of a machine that was never started changes nothing', async () => {
    machines.make('a', []);
    await resetMachine(machines.names('a'));
    assert.equal(await start('a'), false);
  });

  it('killed at any step leaves the disk as it was or a machine without one, never agreed trees without their disk', async () => {
    for (let last = 0; last < MANY; last++) {
      using own = new Machines();
      own.make('a', ['golden-1.qcow2', 'overlay.qcow2']);
      await own.suspend('a', 'overlay.qcow2');
      const written = own.content('a');
      const steps = endingAt(last);
      await killed(resetMachine(own.names('a'), steps), steps);
      const names = own.names('a');
      if (await start('a', own)) {
        assert.deepEqual(own.content('a'), written);
      } else {
        assert.ok(!existsSync(names.exchange) && !existsSync(names.suspended) && !existsSync(names.record));
        assert.deepEqual(
          readdirSync(names.home).filter((name) => name.includes('qcow2')),
          [],
        );
      }
      // A snapshot is whole or not there.
      if (existsSync(names.suspended)) assert.equal(readdirSync(names.suspended).length, 3);
      assert.equal(readFileSync(names.sshHostKey, 'utf8'), 'a');
      await resetMachine(names);
      assert.equal(await start('a', own), false);
      if (!steps.ended) return;
    }
    assert.fail('a reset takes more steps than were tried');
  });
});

describe('a removal', () => {
  it('leaves nothing of the machine, and forks whole', async () => {
    machines.make('a');
    await machines.fork('a', 'b');
    await removeMachine(machines.names('a').home, machines.unfinished('a'));
    assert.deepEqual(machines.content('b'), ['a wrote overlay.qcow2']);
    assert.ok(Object.keys(machines.everything()).every((path) => path.split('/')[0] === 'b'));
  });

  it('killed at any step leaves the machine whole or gone, and the next command frees the rest', async () => {
    for (let last = 0; last < MANY; last++) {
      using own = new Machines();
      own.make('a');
      const before = own.everything();
      const steps = endingAt(last);
      await killed(removeMachine(own.names('a').home, own.unfinished('a'), steps), steps);
      await removeUnfinished(stateNames(own.folder).machines);
      assert.deepEqual(own.everything(), existsSync(own.names('a').home) ? before : {});
      if (!steps.ended) return;
    }
    assert.fail('a removal takes more steps than were tried');
  });
});
