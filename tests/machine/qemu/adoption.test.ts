import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { machineNamesIn } from '../../../src/bundle/folder.ts';
import { findAdoptable } from '../../../src/machine/qemu/adoption.ts';
import { writeRecord } from '../../../src/machine/qemu/record.ts';
import { hostBootId } from '../../../src/platform/host.ts';
import { identify } from '../../../src/platform/process-identity.ts';
import { PretendedQemu } from './pretended-qemu.ts';
import { KEY, Scratch } from './snapshot/synthetic.ts';

describe('what an earlier supervisor left', { timeout: 20_000 }, () => {
  let scratch: Scratch;
  let names: ReturnType<typeof machineNamesIn>;
  let child: ChildProcess;
  let notes: string[];

  beforeEach(async () => {
    scratch = new Scratch();
    names = machineNamesIn(scratch.path);
    notes = [];
    // A QEMU is known by the pid file among its arguments.
    child = spawn('sh', ['-c', 'exec tail -f /dev/null --pid=$$ "$1"', 'sh', names.qemuPid], {
      stdio: 'ignore',
    });
    await once(child, 'spawn');
    await writeFile(names.qemuPid, '');
    await writeFile(names.bootKey, Buffer.alloc(32, 1));
    await mkdir(names.suspending);
    await writeFile(join(names.home, '.machine.json.1-2-3.tmp'), 'half');
    await mkdir(`${names.suspended}.used`);
  });
  afterEach(() => {
    child.kill('SIGKILL');
    scratch[Symbol.dispose]();
  });

  async function recorded(): Promise<void> {
    const { pid = 0 } = child;
    const run = {
      pid,
      started: identify(pid)?.started ?? '',
      hostBoot: hostBootId(),
      accelerator: 'tcg',
      reason: '',
      since: '',
      start: 'resumed',
      key: KEY,
    } as const;
    await writeRecord(names.record, { version: 1, image: 'image', disks: ['overlay.qcow2'], run });
  }

  /** Answers as a QEMU in these states would; `quit` ends the process. */
  async function find(states: string[], saves: string[] = ['none']) {
    await using qemu = await PretendedQemu.start(({ execute, id }, client) => {
      const next = (from: string[]) => (from.length > 1 ? from.shift() : from[0]);
      const from = { 'query-status': states, 'query-migrate': saves }[execute];
      if (execute === 'quit') child.kill('SIGKILL');
      client.write(`${JSON.stringify({ return: from === undefined ? {} : { status: next(from) }, id })}\n`);
    });
    const held = await findAdoptable(
      { names, sockets: { qmp: qemu.path, channel: '' }, note: (text) => notes.push(text) },
      { record: names.record, others: [names.qemuPid, names.bootKey] },
    );
    held?.qmp.close();
    return { held, asked: qemu.asked.map(({ execute }) => execute).slice(1) };
  }
  const isGone = () => identify(child.pid ?? 0) === undefined;
  const leftOver = async () => (await readdir(names.home)).filter((name) => name !== 'machine.json').sort();

  it('runs: it is continued as it is, and what a save had begun is removed', async () => {
    await recorded();
    const { held, asked } = await find(['running']);
    assert.equal(held?.qemu.pid, child.pid);
    assert.deepEqual(asked, ['query-status']);
    assert.deepEqual(await leftOver(), ['boot.key', 'qemu.pid']);
    assert.deepEqual(notes, []);
  });

  it('was being saved: the save is given up before the guest goes on', async () => {
    await recorded();
    const { held, asked } = await find(['paused'], ['active', 'cancelling', 'cancelled']);
    assert.ok(held);
    assert.deepEqual(asked, [
      'query-status',
      'migrate_cancel',
      'query-migrate',
      'query-migrate',
      'query-migrate',
      'cont',
    ]);
  });

  it('waits for room on the disk: it is not pushed on', async () => {
    await recorded();
    assert.deepEqual((await find(['io-error'])).asked, ['query-status']);
  });

  it('had not begun its guest: it is ended at once, and its snapshot stays', async () => {
    await recorded();
    await mkdir(names.suspended);
    const { held, asked } = await find(['inmigrate']);
    assert.equal(held, undefined);
    assert.deepEqual(asked, ['quit']);
    assert.ok(isGone());
    assert.deepEqual(await leftOver(), ['suspended']);
    assert.match(notes.join(), /had not begun its guest[\s\S]*cleaned up/);
  });

  it('had not begun a guest from the golden snapshot: it is ended at once', async () => {
    await recorded();
    const { held, asked } = await find(['inmigrate']);
    assert.equal(held, undefined);
    assert.deepEqual(asked, ['query-status', 'quit']);
    assert.ok(isGone());
  });

  it('was killed before its record, or before its pid file: it is found all the same, and ended', async () => {
    const { held, asked } = await find(['running']);
    assert.equal(held, undefined);
    assert.deepEqual(asked, ['quit']);
    assert.ok(isGone());
    assert.match(notes.join(), /had not begun its guest/);
  });

  it('is gone: its traces are removed and it is said', async () => {
    await recorded();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { held, asked } = await find([]);
    assert.equal(held, undefined);
    assert.deepEqual(asked, []);
    assert.deepEqual(await leftOver(), []);
    assert.match(notes.join(), /cleaned up after a machine that ended without its supervisor/);
    assert.equal(JSON.parse(await readFile(names.record, 'utf8')).run, undefined);
  });
});
