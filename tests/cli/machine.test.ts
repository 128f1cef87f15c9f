import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { emptyLayer, machineNames, stateNames, unfinishedMachine } from '../../src/bundle/folder.ts';
import { machineTable } from '../../src/cli/machine-lines.ts';
import { tryLock } from '../../src/platform/exclusive-lock.ts';
import { Desk } from './pretended-terminal.ts';

let desk: Desk;
beforeEach(() => {
  desk = new Desk();
});
afterEach(() => desk[Symbol.dispose]());

/** A stopped machine with something on its disk. */
function make(machine: string): void {
  const names = machineNames(desk.folder, machine);
  const empty = emptyLayer(desk.folder, 'image-1');
  mkdirSync(names.home, { recursive: true });
  mkdirSync(join(empty, '..'), { recursive: true });
  writeFileSync(empty, 'nothing yet');
  writeFileSync(names.overlay, 'something');
  writeFileSync(names.record, JSON.stringify({ version: 1, image: 'image-1', disks: ['overlay.qcow2'] }));
}
const has = (machine: string) => existsSync(machineNames(desk.folder, machine).home);

describe('pcoder machine', () => {
  it('forks a stopped machine, lists both, and removes them one by one', async () => {
    make('a');
    const fork = await desk.pcoder(['machine', 'fork', 'a', 'b']);
    assert.deepEqual([fork.code, fork.out], [0, ''], fork.err);
    assert.match(fork.err, /machine b begins with a start from a's disk: pcoder exec --machine b/);
    const { out } = await desk.pcoder(['machine', 'list', '--json']);
    assert.deepEqual(
      JSON.parse(out).map((machine: { name: string; forkedFrom?: string }) => [
        machine.name,
        machine.forkedFrom,
      ]),
      [
        ['a', undefined],
        ['b', 'a'],
      ],
    );
    assert.deepEqual(
      JSON.parse((await desk.pcoder(['machine', 'rm', '--json', '--yes', 'a'])).out).machine,
      'a',
    );
    assert.deepEqual([has('a'), has('b')], [false, true]);
    assert.match(
      (await desk.pcoder(['machine', 'rm', '--yes', 'b'])).err,
      /removed machine b \(\d+ KiB freed\)/,
    );
    assert.match((await desk.pcoder(['machine', 'list'])).err, /there is no machine yet/);
  });

  it('resets a machine and keeps its name', async () => {
    make('a');
    assert.equal((await desk.pcoder(['machine', 'reset', '--yes', 'a'])).code, 0);
    assert.ok(has('a') && !existsSync(machineNames(desk.folder, 'a').overlay));
  });

  for (const verb of ['rm', 'reset'])
    it(`${verb} drops nothing where nobody can be asked, unless told so`, async () => {
      make('a');
      const { code, err } = await desk.pcoder(['machine', verb, 'a']);
      assert.equal(code, 2);
      assert.match(err, /nobody to ask\nhint: add --yes/);
      assert.ok(existsSync(machineNames(desk.folder, 'a').overlay));
    });

  it('refuses to fork to a name that is taken', async () => {
    make('a');
    make('b');
    const { code, err } = await desk.pcoder(['machine', 'fork', 'a', 'b']);
    assert.equal(code, 2);
    assert.match(err, /there is a machine b already\nhint: /);
  });

  it('frees what a killed command left, whichever comes next', async () => {
    make('a');
    const left = unfinishedMachine(desk.folder, 'gone', '0a');
    for (const words of [
      ['machine', 'list'],
      ['machine', 'reset', '--yes', 'a'],
    ]) {
      mkdirSync(left);
      await desk.pcoder(words);
      assert.ok(!existsSync(left), words.join(' '));
    }
  });

  it('leaves alone what another command is at work on', async () => {
    make('a');
    const left = unfinishedMachine(desk.folder, 'new', '0a');
    mkdirSync(left);
    const lock = tryLock(stateNames(desk.folder).machinesLock);
    assert.equal((await desk.pcoder(['machine', 'list'])).code, 0);
    lock?.release();
    assert.ok(existsSync(left));
  });
});

describe('pcoder status', () => {
  it('says stopped of a machine that has no memory to go on from, and starts nothing', async () => {
    make('a');
    assert.match((await desk.pcoder(['status', 'a'])).out, /^machine a: stopped\n/);
    assert.equal(JSON.parse((await desk.pcoder(['status', '--json', 'none'])).out).state, 'stopped');
    assert.ok(!has('none'));
  });
});

it('the table of machines stands in columns', () => {
  const space = { alone: 3 * 2 ** 20, all: 5 * 2 ** 20 };
  const none = { alone: 0, all: 0 };
  const table = machineTable([
    {
      ...{ name: 'default', state: 'suspended', image: 'debian-13', disk: space, forkedFrom: undefined },
      ...{ memory: { alone: 2 ** 29, all: 2 ** 29 }, since: '2026-01-02T03:04:05.000Z' },
    },
    {
      ...{ name: 'x', state: 'stopped', image: undefined, disk: none, memory: none },
      ...{ forkedFrom: 'default', since: undefined },
    },
  ]);
  assert.equal(
    table,
    [
      'NAME     STATE      DISK                  MEMORY   FORKED FROM  SINCE             IMAGE',
      'default  suspended  3 MiB + 2 MiB shared  512 MiB  -            2026-01-02 03:04  debian-13',
      'x        stopped    -                     -        default      -                 -',
      '',
    ].join('\n'),
  );
});
