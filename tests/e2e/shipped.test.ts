import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { copyFolder } from '../crash/portable-copy.ts';
import { noProcessLeft, type Scene, sceneAt, shareChecks } from './scene.ts';

let home: string;
let root: string;
/** the image's golden snapshots, as they were made */
let shipped: string;
const scenes: Scene[] = [];

before(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'pcoder-shipped-')));
  root = join(home, 'folder');
  await copyFolder(root);
  await mkdir(join(home, 'project'));
  const { image } = JSON.parse(await readFile(join(root, 'runtime/linux/vm-manifest.json'), 'utf8'));
  shipped = join(root, 'runtime/linux/images', image, 'golden');
  const { code, stderr } = await (await freshState('maker')).pcoder(['image', 'build', '--golden', 'only']);
  assert.equal(code, 0, stderr);
});
after(async () => {
  for (const scene of scenes) await scene.pcoder(['stop', '--shutdown']);
  await noProcessLeft(home);
  await rm(home, { recursive: true, force: true });
});

/** A state folder that knows nothing yet, of a size there is a snapshot for. */
async function freshState(name: string): Promise<Scene> {
  const scene = sceneAt(join(home, name), join(home, 'project'), root);
  await shareChecks(scene.state);
  await writeFile(
    join(scene.state, 'settings.json'),
    JSON.stringify({ memory: 2048, cpus: 2, accelerator: 'tcg' }),
  );
  scenes.push(scene);
  return scene;
}

/** Made by the guest's kernel when it boots, and kept in its memory alone. */
const BOOT = 'cat /proc/sys/kernel/random/boot_id';
const CLOCK = 'cat /sys/devices/system/clocksource/clocksource0/current_clocksource';

async function firstCommand(scene: Scene, script: string) {
  const { code, stdout, stderr } = await scene.pcoder([
    'exec',
    '--exchange',
    'none',
    '--',
    'sh',
    '-c',
    script,
  ]);
  assert.equal(code, 0, stderr);
  const { run } = await scene.status();
  await scene.pcoder(['stop', '--shutdown']);
  return { lines: stdout.toString().trim().split('\n'), stderr, start: run?.start };
}

describe('an image that brings its golden snapshots', () => {
  test('lets the very first machine of a folder go on from one, and every other folder’s too', async () => {
    const own = `${BOOT}; ${CLOCK}; cat /etc/machine-id; cat /proc/sys/kernel/random/uuid; hostname`;
    const one = await firstCommand(await freshState('one'), own);
    const two = await firstCommand(await freshState('two'), own);
    assert.deepEqual([one.start, two.start], ['golden', 'golden']);
    assert.equal(one.lines[0], two.lines[0], 'the memory of one boot of one kernel');
    assert.equal(one.lines[1], 'tsc', 'on the host it was made on');
    for (const index of [2, 3]) assert.notEqual(one.lines[index], two.lines[index]);
    assert.equal(one.lines[4], 'pcoder');
    assert.match(one.stderr, /unpacking the snapshot that came with the image/);
  });

  test('is checked to the last byte by image verify', async () => {
    const verify = () => (scenes[0] ?? assert.fail()).pcoder(['image', 'verify']);
    assert.equal((await verify()).code, 0);
    await damaged(async (folder) => {
      await truncate(join(folder, 'disk.zst'), 10);
      const { code, stderr } = await verify();
      assert.equal(code, 3);
      assert.match(stderr, /error: .*disk\.zst[\s\S]*hint: .*pcoder image build --golden only/);
    });
  });

  test('of another host: the guest reads a clock that is not the processor’s, and knows the time', async () => {
    await damaged(async (folder) => {
      await edit(folder, (text) => text.replace(/"host": "[0-9a-f]+"/, '"host": "another"'));
      const scene = await freshState('moved');
      const asked = Date.now();
      const { lines, start } = await firstCommand(scene, `${CLOCK}; sleep 2; date +%s%N`);
      assert.equal(start, 'golden');
      assert.equal(lines[0], 'hpet');
      const shown = Number(lines[1]) / 1e6;
      assert.ok(shown > asked + 1950 && shown < Date.now() + 50, `${shown - asked} ms after it was asked`);
    });
  });
});

describe('a golden snapshot of the image that cannot be used: the machine starts cold, says why, and works', () => {
  const cases: [string, (folder: string) => Promise<void>, RegExp][] = [
    [
      'torn',
      (folder) => truncate(join(folder, 'memory.zst'), 1_000_000),
      /memory\.zst is not what was packed/,
    ],
    [
      'with one byte changed',
      (folder) => flipByte(join(folder, 'memory.zst')),
      /memory\.zst is not what was packed/,
    ],
    [
      'of another program',
      (folder) => edit(folder, (text) => text.replace(/"agent": "[0-9a-f]{8}/, '"agent": "00000000')),
      /it was taken with another agent daemon/,
    ],
  ];
  for (const [what, damage, why] of cases) {
    test(what, async () => {
      await damaged(async (folder) => {
        await damage(folder);
        const { start, stderr } = await firstCommand(await freshState(what.replaceAll(' ', '-')), 'true');
        assert.equal(start, 'cold');
        assert.match(stderr, /the snapshot that came with the image cannot be used: /);
        assert.match(stderr, why);
      });
    });
  }
});

/** Hands over the folder of the snapshot for two processors, and puts it right afterwards. */
async function damaged(look: (folder: string) => Promise<void>): Promise<void> {
  const aside = join(home, 'aside');
  await cp(shipped, aside, { recursive: true });
  try {
    for (const kind of await readdir(shipped)) {
      const { snapshot } = JSON.parse(await readFile(join(shipped, kind, 'golden.json'), 'utf8'));
      if (snapshot.key.cpus === 2) await look(join(shipped, kind));
    }
  } finally {
    await rm(shipped, { recursive: true });
    await cp(aside, shipped, { recursive: true });
    await rm(aside, { recursive: true });
  }
}

async function edit(folder: string, change: (text: string) => string): Promise<void> {
  const path = join(folder, 'golden.json');
  const text = await readFile(path, 'utf8');
  assert.notEqual(change(text), text);
  await writeFile(path, change(text));
}

async function flipByte(path: string): Promise<void> {
  const bytes = await readFile(path);
  const middle = bytes.byteLength >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  await writeFile(path, bytes);
}
