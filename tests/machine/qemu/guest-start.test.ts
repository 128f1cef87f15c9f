import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { machineNamesIn } from '../../../src/bundle/folder.ts';
import type { GuestParts } from '../../../src/machine/qemu/guest-parts.ts';
import { QemuMachine } from '../../../src/machine/qemu/qemu-machine.ts';
import { readRecord, writeRecord } from '../../../src/machine/qemu/record.ts';
import { planStart } from '../../../src/machine/qemu/start-plan.ts';
import type { Verdict } from '../../../src/machine/qemu/verdict.ts';
import type { Behaviour } from './pretended-program.ts';
import { completeIn, Scratch } from './snapshot/synthetic.ts';

const PROGRAM = fileURLToPath(new URL('./pretended-program.ts', import.meta.url));

describe('a start whose QEMU ends', { timeout: 30_000 }, () => {
  let scratch: Scratch;
  let names: ReturnType<typeof machineNamesIn>;
  let script: string;
  let notes: string[];
  let machine: QemuMachine;

  beforeEach(async () => {
    scratch = new Scratch();
    names = machineNamesIn(scratch.path);
    script = join(scratch.path, 'script');
    notes = [];
    for (const name of ['kernel', 'initrd', 'root', 'empty']) await writeFile(join(scratch.path, name), name);
    machine = new QemuMachine(parts());
  });
  afterEach(async () => {
    await machine.stop('abandon');
    // Where QEMU ends by itself, that is put on record while nobody waits.
    while ((await readRecord(names.record))?.run !== undefined) await sleep(5);
    await sleep(20);
    scratch[Symbol.dispose]();
  });

  const at = (name: string) => join(scratch.path, name);

  function known() {
    const image = {
      id: 'image',
      kernel: at('kernel'),
      initrd: at('initrd'),
      root: at('root'),
      kernelHash: '',
      rootHash: '',
    };
    const command = () => ({ file: process.execPath, args: [PROGRAM, script], env: {} });
    const qemu = { version: '', qemuHash: 'a'.repeat(64), command, dataArgs: [], busybox: '' };
    const agent = { module: Buffer.from('agent'), snapshot: undefined };
    const verdict: Verdict = { key: '', accelerator: 'tcg', reason: '', trials: [] };
    return { qemu, image, agent, verdict };
  }

  function parts(): GuestParts {
    return {
      name: 'default',
      names,
      sockets: { qmp: at('qmp.sock'), channel: at('channel.sock') },
      memory: 1024,
      cpus: 2,
      assets: async () => known(),
      agent: async () => known().agent,
      accelerator: async () => known().verdict,
      emptyLayer: () => at('empty'),
      golden: () => undefined,
      shipped: () => undefined,
      opened: () => {},
      note: (text: string) => notes.push(text),
    };
  }

  /** Starts the machine under QEMUs that behave so, one after the other. */
  async function start(...behaviours: Behaviour[]): Promise<void> {
    await writeFile(script, behaviours.join('\n'));
    await machine.start({ progress: () => {} });
  }
  const left = async () => (await readFile(script, 'utf8')).split('\n').filter((line) => line !== '');
  const suspendedFiles = async () =>
    (await readdir(names.home)).filter((name) => name.startsWith('suspended'));

  it('over an assertion of its own is made once more, and it is said', async () => {
    await start('assertion', 'up');
    assert.equal(machine.state.state, 'running');
    assert.deepEqual(notes, [
      'QEMU fell over a defect of its own while the guest came up; it is started once more',
    ]);
  });

  it('over an assertion twice is given up, in the words of QEMU', async () => {
    await assert.rejects(start('assertion', 'assertion', 'up'), (error: Error) => {
      assert.match(error.message, /QEMU ended before the guest was up/);
      assert.match(String(error.cause), /iotlb_to_section: Assertion/);
      return true;
    });
    assert.deepEqual(await left(), ['up']);
    assert.equal(machine.state.state, 'stopped');
  });

  it('over anything else is not made again: it would end the same way', async () => {
    await assert.rejects(start('error', 'up'), { code: 'qemu-failed' });
    assert.deepEqual(await left(), ['up']);
    assert.deepEqual(notes, []);
  });

  describe('before a suspended guest went on', () => {
    beforeEach(async () => {
      await completeIn(names.home, { key: planStart({ ...parts(), ...known() }).key });
      await writeRecord(names.record, { version: 1, image: 'image', disks: ['overlay.qcow2'] });
    });

    it('keeps the memory: the second start goes on from it', async () => {
      await start('killed while loading', 'up');
      assert.equal(machine.run?.start, 'resumed');
      assert.match(notes.join('\n'), /^QEMU ended before the guest went on; it is started once more/);
    });

    it('twice starts cold: it may be the memory that ends it', async () => {
      await start('killed while loading', 'killed while loading', 'up');
      assert.equal(machine.run?.start, 'cold');
      assert.match(notes.at(-1) ?? '', /could not go on from its snapshot and starts cold/);
      assert.deepEqual(await suspendedFiles(), []);
    });

    it('and is stopped meanwhile leaves the memory for the next start', async () => {
      await writeFile(script, 'killed while loading\nup');
      const given = AbortSignal.abort();
      await assert.rejects(machine.start({ progress: () => {}, signal: given }));
      assert.deepEqual(await suspendedFiles(), ['suspended']);
    });
  });
});
