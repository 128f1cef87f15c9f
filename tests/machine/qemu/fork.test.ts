import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { stateNames } from '../../../src/bundle/folder.ts';
import { isFault } from '../../../src/fault/fault.ts';
import { tidyMachine } from '../../../src/machine/qemu/adoption.ts';
import { LAYERS_AT_MOST } from '../../../src/machine/qemu/record.ts';
import { removeUnfinished } from '../../../src/machine/qemu/removal.ts';
import { snapshotFiles, stampOf } from '../../../src/machine/qemu/snapshot/snapshot-files.ts';
import { readSnapshotRecord } from '../../../src/machine/qemu/snapshot/snapshot-record.ts';
import { endingAt, IMAGE, killed, Machines } from './families.ts';

let machines: Machines;
beforeEach(() => {
  machines = new Machines();
});
afterEach(() => machines[Symbol.dispose]());

/** Whether the memory a machine is suspended with belongs to its disk. */
async function memoryFits(machine: string, among = machines): Promise<boolean> {
  const { home, suspended } = among.names(machine);
  const record = await readSnapshotRecord(snapshotFiles(suspended).record);
  assert.ok(record !== undefined);
  const { disks } = among.recordOf(machine);
  const above = disks.slice(disks.indexOf(record.disk.file) + 1);
  const stamp = await stampOf(join(home, record.disk.file));
  return (
    disks.includes(record.disk.file) &&
    stamp.mtime === record.disk.stamp.mtime &&
    above.every((layer) => readFileSync(join(home, layer), 'utf8') === 'nothing yet')
  );
}

describe('a fork', () => {
  it('has what the source has written, and shares it instead of copying it', async () => {
    machines.make('a');
    await machines.fork('a', 'b');
    assert.deepEqual(machines.content('b'), ['a wrote overlay.qcow2']);
    assert.deepEqual(machines.content('a'), ['a wrote overlay.qcow2']);
    assert.equal(statSync(join(machines.names('b').home, 'overlay.qcow2')).nlink, 2);
  });

  it('and its source each write a layer of their own from then on', async () => {
    machines.make('a');
    await machines.fork('a', 'b');
    for (const machine of ['a', 'b']) {
      const top = machines.recordOf(machine).disks.at(-1) ?? '';
      const path = join(machines.names(machine).home, top);
      assert.equal(statSync(path).nlink, 1);
      writeFileSync(path, `only ${machine}`);
    }
    assert.deepEqual(machines.content('a'), ['a wrote overlay.qcow2', 'only a']);
    assert.deepEqual(machines.content('b'), ['a wrote overlay.qcow2', 'only b']);
  });

  it('knows where it comes from, has no name of its own yet, and takes no keys, logs or locks along', async () => {
    machines.make('a');
    const run = { pid: 1, hostBoot: '', accelerator: 'tcg', reason: '', since: '', start: 'cold' } as const;
    machines.record('a', { ...machines.recordOf('a'), run });
    await machines.fork('a', 'b');
    const { disks, ...record } = machines.recordOf('b');
    assert.deepEqual(record, { version: 1, image: IMAGE, unnamed: true, forkedFrom: 'a' });
    assert.equal(disks.length, 2);
    const names = machines.names('b');
    for (const path of [names.ssh, names.lock, names.supervisorLog, names.suspended])
      assert.ok(!existsSync(path), path);
  });

  it('keeps what was agreed about projects: their copies in the guest came along', async () => {
    machines.make('a');
    writeFileSync(join(machines.names('a').exchange, '.project-1.jsonl.7.tmp'), 'half');
    await machines.fork('a', 'b');
    const { exchange } = machines.names('b');
    assert.equal(readFileSync(join(exchange, 'project-1.jsonl'), 'utf8'), 'agreed with a');
    assert.ok(!existsSync(join(exchange, '.project-1.jsonl.7.tmp')));
  });

  it('of a suspended machine goes on from the same memory, on a disk it fits; so does the source', async () => {
    machines.make('a');
    await machines.suspend('a', 'overlay.qcow2');
    assert.deepEqual(await machines.fork('a', 'b'), { memory: true });
    assert.ok((await memoryFits('a')) && (await memoryFits('b')));
    const files = snapshotFiles(machines.names('b').suspended);
    assert.equal(readFileSync(files.memory, 'utf8'), 'memory of a');
    assert.equal(statSync(files.memory).nlink, 2);
  });

  it('eight times over adds one layer to a suspended source, not eight', async () => {
    machines.make('a');
    await machines.suspend('a', 'overlay.qcow2');
    for (let count = 0; count < 8; count++) await machines.fork('a', `b${count}`);
    assert.equal(machines.recordOf('a').disks.length, 2);
    for (const machine of ['a', 'b0', 'b7']) assert.ok(await memoryFits(machine));
  });

  it('of a suspended machine that wrote nothing since its last fork takes the layer the memory names', async () => {
    machines.make('a', ['overlay.qcow2', 'overlay-aa.qcow2']);
    writeFileSync(join(machines.names('a').home, 'overlay-aa.qcow2'), 'nothing yet');
    await machines.suspend('a', 'overlay-aa.qcow2');
    await machines.fork('a', 'b');
    assert.ok((await memoryFits('a')) && (await memoryFits('b')));
  });

  it('leaves behind a memory whose disk has changed', async () => {
    machines.make('a');
    await machines.suspend('a', 'overlay.qcow2');
    await utimes(join(machines.names('a').home, 'overlay.qcow2'), 1, 1);
    assert.deepEqual(await machines.fork('a', 'b'), { memory: false });
    assert.ok(!existsSync(machines.names('b').suspended));
  });

  it('leaves behind a memory with something written above its disk', async () => {
    machines.make('a', ['overlay.qcow2', 'overlay-aa.qcow2']);
    await machines.suspend('a', 'overlay.qcow2');
    assert.deepEqual(await machines.fork('a', 'b'), { memory: false });
  });

  it('of a fork of a fork has all their layers', async () => {
    machines.make('a');
    await machines.fork('a', 'b');
    writeFileSync(join(machines.names('b').home, machines.recordOf('b').disks.at(-1) ?? ''), 'b was here');
    await machines.fork('b', 'c');
    assert.deepEqual(machines.content('c'), ['a wrote overlay.qcow2', 'b was here']);
  });
});

describe('a fork is refused, and changes nothing,', () => {
  const refused = async (fork: Promise<unknown>, code: 'usage' | 'machine-unknown' | 'asset-missing') => {
    const before = machines.everything();
    await assert.rejects(fork, (error) => isFault(error, code) && (error.hint ?? '').length > 0);
    assert.deepEqual(machines.everything(), before);
  };

  it('where a machine of that name exists', async () => {
    machines.make('a');
    machines.make('b');
    await refused(machines.fork('a', 'b'), 'usage');
  });

  it('of a machine that has no disk yet', async () => {
    await refused(machines.fork('a', 'b'), 'machine-unknown');
  });

  it('of a machine that lacks a layer', async () => {
    machines.make('a');
    machines.record('a', { version: 1, image: IMAGE, disks: ['overlay.qcow2', 'overlay-gone.qcow2'] });
    await refused(machines.fork('a', 'b'), 'asset-missing');
  });

  it('at the most layers a disk may have', async () => {
    machines.make(
      'a',
      Array.from({ length: LAYERS_AT_MOST }, (_, index) => `overlay-${index}.qcow2`),
    );
    await refused(machines.fork('a', 'b'), 'usage');
  });
});

it('interrupted, a fork leaves no new machine and a whole source', async () => {
  machines.make('a');
  const stop = new AbortController();
  stop.abort(new Error('interrupted'));
  await assert.rejects(machines.fork('a', 'b', undefined, { signal: stop.signal }), /interrupted/);
  assert.deepEqual(machines.content('a'), ['a wrote overlay.qcow2']);
  assert.ok(Object.keys(machines.everything()).every((path) => !path.includes('unfinished')));
});

it('killed at any step, a fork leaves the source whole, and the new machine whole or not there', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 20 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 4 }),
      async (last, suspended, depth) => {
        using own = new Machines();
        const disks = ['golden-3.qcow2', 'overlay.qcow2', 'overlay-1.qcow2', 'overlay-2.qcow2'].slice(
          0,
          depth,
        );
        own.make('a', disks);
        if (suspended) await own.suspend('a', disks.at(-1) ?? '');
        const written = own.content('a');
        const steps = endingAt(last);
        await killed(own.fork('a', 'b', steps), steps);
        await removeUnfinished(stateNames(own.folder).machines);
        await tidyMachine(own.names('a'), own.recordOf('a'));

        const forked = existsSync(own.names('b').home);
        assert.ok(forked || steps.ended);
        for (const machine of forked ? ['a', 'b'] : ['a']) {
          assert.deepEqual(own.content(machine), written);
          if (suspended) assert.ok(await memoryFits(machine, own));
        }
        // Nothing is left that no record names.
        for (const path of Object.keys(own.everything())) {
          const [machine = '', name = ''] = path.split('/');
          assert.ok(machine === 'a' || (forked && machine === 'b'), path);
          if (name.includes('.qcow2')) assert.ok(own.recordOf(machine).disks.includes(name), path);
        }
        // And it can be forked all the same.
        if (!forked) await own.fork('a', 'b');
        assert.deepEqual(own.content('b'), written);
      },
    ),
    { numRuns: 150 },
  );
});
