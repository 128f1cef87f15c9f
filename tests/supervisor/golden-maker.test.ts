import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { goldenNames } from '../../src/bundle/folder.ts';
import type { MachineRun } from '../../src/machine/qemu/record.ts';
import { keyName } from '../../src/machine/qemu/snapshot/snapshot-key.ts';
import { tryLock } from '../../src/platform/exclusive-lock.ts';
import { makePrivateFolder } from '../../src/platform/private-folder.ts';
import { type GoldenEffects, GoldenMaker } from '../../src/supervisor/golden-maker.ts';
import { KEY, Scratch } from '../machine/qemu/snapshot/synthetic.ts';

const RUN: MachineRun = {
  pid: 1,
  hostBoot: 'this',
  accelerator: 'tcg',
  reason: '',
  since: '',
  start: 'cold',
  key: KEY,
};
const GIB = 2 ** 30;

describe('the maker of golden snapshots', () => {
  let scratch: Scratch;
  let made: { kind: string; image: string | undefined; signal: AbortSignal }[];
  let said: string[];
  let finish: () => void;
  let host: { memory: number; space: number };

  beforeEach(() => {
    scratch = new Scratch();
    made = [];
    said = [];
    host = { memory: 8 * GIB, space: 100 * GIB };
    mock.timers.enable({ apis: ['setTimeout'] });
  });
  afterEach(() => {
    mock.timers.reset();
    scratch[Symbol.dispose]();
  });

  const folder = () => ({ root: scratch.path, state: scratch.path });
  function maker(overrides: Partial<GoldenEffects> = {}): GoldenMaker {
    const parts = {
      memory: 1024,
      cpus: 1,
      assets: async (image: string | undefined) => {
        const last = made.at(-1);
        if (last !== undefined) last.image = image;
        throw new Error('not needed');
      },
      agent: () => Promise.reject(new Error('not needed')),
      accelerator: () => Promise.reject(new Error('not needed')),
      emptyLayer: () => '',
      note: () => {},
    };
    return new GoldenMaker(folder(), parts, (text) => said.push(text), {
      async make(given, _names, kind, signal) {
        made.push({ kind, image: undefined, signal });
        await given.assets(undefined).catch(() => {});
        await new Promise<void>((resolve, reject) => {
          finish = resolve;
          const giveUp = () => reject(new Error('given up'));
          if (signal.aborted) giveUp();
          signal.addEventListener('abort', giveUp);
        });
      },
      endLeft: async () => {},
      freeMemory: () => host.memory,
      freeSpace: async () => host.space,
      ...overrides,
    });
  }
  /** @param happens what was made or said by then, at least; its looks at the disk are answered by the thread pool */
  async function after(milliseconds: number, happens = 0): Promise<void> {
    mock.timers.tick(milliseconds);
    const within = happens > 0 ? 10_000 : 60;
    for (const begun = performance.now(); performance.now() - begun < within; await turn())
      if (happens > 0 && made.length + said.length >= happens) return;
  }

  it('makes one when nobody has worked for three seconds, of the image the machine has', async () => {
    const golden = maker();
    golden.look(RUN, true);
    await after(2999);
    assert.equal(made.length, 0);
    await after(1, 1);
    assert.deepEqual(
      made.map(({ kind, image }) => ({ kind, image })),
      [{ kind: keyName(KEY), image: KEY.image }],
    );
    finish();
    await golden.close();
    assert.match(said.join(), /made the golden snapshot/);
  });

  it('waits anew when somebody works in between', async () => {
    const golden = maker();
    golden.look(RUN, true);
    await after(2000);
    golden.look(RUN, false);
    await after(60_000);
    assert.equal(made.length, 0);
    golden.look(RUN, true);
    await after(3000, 1);
    assert.equal(made.length, 1);
    await golden.close();
  });

  it('tries once, and never for a machine that does not run', async () => {
    const golden = maker({ make: () => Promise.reject(new Error('it failed')) });
    golden.look(undefined, true);
    await after(60_000);
    assert.deepEqual(said, []);
    golden.look(RUN, true);
    await after(3000, 1);
    golden.look(RUN, true);
    await after(60_000);
    assert.deepEqual(said, ['no golden snapshot: it failed']);
  });

  it('gives up what it makes when the machine is stopped, and waits until that has ended', async () => {
    const golden = maker();
    golden.look(RUN, true);
    await after(3000, 1);
    await golden.close();
    assert.equal(made[0]?.signal.aborted, true);
    assert.deepEqual(said, ['no golden snapshot: given up']);
    golden.look(RUN, true);
    await after(60_000);
    assert.equal(made.length, 1);
  });

  it('makes none where there is one', async () => {
    await mkdir(goldenNames(folder(), keyName(KEY)).snapshot, { recursive: true });
    const golden = maker();
    golden.look(RUN, true);
    await after(3000);
    assert.deepEqual([made, said], [[], []]);
  });

  it('leaves a host that is short of memory or disk alone, and says so', async () => {
    host.memory = GIB / 4;
    const short = maker();
    short.look(RUN, true);
    await after(3000, 1);
    host = { memory: 8 * GIB, space: 2 * GIB };
    const full = maker();
    full.look(RUN, true);
    await after(3000, 2);
    assert.equal(made.length, 0);
    assert.match(said[0] ?? '', /too little memory/);
    assert.match(said[1] ?? '', /too little room/);
  });

  it('leaves it to the one that is at it already, and does not clear that one’s away', async () => {
    let cleared = 0;
    await makePrivateFolder(`${scratch.path}/golden`);
    const lock = tryLock(goldenNames(folder(), '').lock);
    const golden = maker({
      async endLeft() {
        cleared++;
      },
    });
    golden.look(RUN, true);
    await after(3000);
    await golden.clearLeft();
    assert.deepEqual([made.length, cleared], [0, 0]);
    lock?.release();
    await golden.clearLeft();
    assert.equal(cleared, 1);
  });
});
