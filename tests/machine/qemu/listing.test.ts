import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { stateNames } from '../../../src/bundle/folder.ts';
import { listMachines } from '../../../src/machine/qemu/listing.ts';
import { IMAGE, Machines } from './families.ts';

let machines: Machines;
beforeEach(() => {
  machines = new Machines();
});
afterEach(() => machines[Symbol.dispose]());

describe('the list of machines', () => {
  it('is empty where no machine was ever made', async () => {
    assert.deepEqual(await listMachines({ root: '/nowhere', state: '/nowhere/state' }), []);
  });

  it('tells stopped from suspended, and what is forked from what, by name', async () => {
    machines.make('b');
    await machines.suspend('b', 'overlay.qcow2');
    await machines.fork('b', 'a');
    machines.make('c');
    const list = await listMachines(machines.folder);
    assert.deepEqual(
      list.map(({ name, state, image, forkedFrom }) => [name, state, image, forkedFrom]),
      [
        ['a', 'suspended', IMAGE, 'b'],
        ['b', 'suspended', IMAGE, undefined],
        ['c', 'stopped', IMAGE, undefined],
      ],
    );
    assert.equal(list[1]?.since, '2026-01-01T00:00:00.000Z');
  });

  it('counts what a machine shares apart from what it has alone', async () => {
    machines.make('a');
    const [before] = await listMachines(machines.folder);
    assert.equal(before?.disk.alone, before?.disk.all);
    await machines.suspend('a', 'overlay.qcow2');
    await machines.fork('a', 'b');
    for (const { disk, memory } of await listMachines(machines.folder)) {
      assert.ok(disk.alone > 0 && disk.alone < disk.all);
      assert.deepEqual([memory.alone, memory.all > 0], [0, true]);
    }
  });

  it('shows machines that are damaged or were never started, and nothing that is none', async () => {
    machines.make('damaged');
    writeFileSync(machines.names('damaged').record, '{');
    mkdirSync(machines.names('new').home);
    mkdirSync(machines.unfinished('a'));
    writeFileSync(join(stateNames(machines.folder).machines, 'Notes.txt'), '');
    assert.deepEqual(
      (await listMachines(machines.folder)).map(({ name, state }) => [name, state]),
      [
        ['damaged', 'stopped'],
        ['new', 'stopped'],
      ],
    );
  });
});
