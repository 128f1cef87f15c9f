import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { noProcessLeft, type Scene, sceneAt, shareChecks, until } from '../e2e/scene.ts';
import { copyFolder, ownCopy } from './portable-copy.ts';

let home: string;
let root: string;
let scene: Scene;

before(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'pcoder-é damage-')));
  root = join(home, 'Mein é Ordner, tragbar');
  await copyFolder(root);
  await mkdir(join(home, 'project'));
  scene = sceneAt(join(root, 'state'), join(home, 'project'), root);
  await shareChecks(scene.state);
});
after(async () => {
  await scene.pcoder(['stop']);
  await noProcessLeft(home);
  await rm(home, { recursive: true, force: true });
});

/** Why a test that mounts something is left out. */
const needsRoot = process.getuid?.() === 0 ? false : 'only root can mount a file system for it';

const run = (...argv: string[]) => scene.pcoder(['exec', '--', ...argv]);

describe('a portable folder with spaces, commas and letters of other languages in its path', () => {
  test('works', async () => {
    await scene.put('a file é.txt', 'content\n');
    const { code, stdout, stderr } = await run(
      'sh',
      '-c',
      'cat "a file é.txt"; echo kept-in-the-guest > ~/kept; sync',
    );
    assert.equal(code, 0, stderr);
    assert.equal(stdout.toString(), 'content\n');
    assert.equal((await scene.pcoder(['stop'])).code, 0);
  });

  test('works after it was moved while stopped, with the machine’s disk', async () => {
    const moved = join(home, 'moved to ü');
    await noProcessLeft(home);
    await rename(root, moved);
    root = moved;
    scene = sceneAt(join(root, 'state'), join(home, 'project'), root);
    const { code, stdout, stderr } = await run('sh', '-c', 'cat ~/kept');
    assert.equal(code, 0, stderr);
    assert.equal(stdout.toString(), 'kept-in-the-guest\n');
    await scene.pcoder(['stop']);
  });

  test('works as read-only media with its state elsewhere', { skip: needsRoot }, async () => {
    const media = join(home, 'read-only media');
    await mkdir(media);
    await execa('mount', ['--bind', root, media]);
    try {
      await execa('mount', ['-o', 'remount,bind,ro', media]);
      const elsewhere = sceneAt(join(home, 'state elsewhere'), join(home, 'project'), media);
      await shareChecks(elsewhere.state);
      const { code, stderr } = await elsewhere.pcoder(['exec', '--exchange', 'none', '--', 'true']);
      assert.equal(code, 0, stderr);
      await elsewhere.pcoder(['stop']);
      // Without it the hint says what to do.
      const inside = await sceneAt(join(media, 'state'), join(home, 'project'), media).pcoder([
        'exec',
        '--exchange',
        'none',
        '--',
        'true',
      ]);
      assert.equal(inside.code, 3);
      assert.match(inside.stderr, /cannot be written[\s\S]*hint: .*PCODER_STATE/);
      await noProcessLeft(media);
    } finally {
      await execa('umount', ['--lazy', media]);
    }
  });
});

describe('a damaged folder is named, with what mends it, and nothing is started', () => {
  const refuses = async (message: RegExp, code = 3) => {
    const { code: found, stderr } = await run('true');
    assert.match(stderr, message);
    assert.match(stderr, /^hint: /m);
    assert.equal(found, code, stderr);
    const doctor = await scene.pcoder(['doctor', '--json']);
    assert.equal(doctor.code, 3);
    assert.ok(
      JSON.parse(doctor.stdout.toString()).checks.some(
        (check: { result: string }) => check.result === 'failed',
      ),
      doctor.stdout.toString(),
    );
  };
  /** Changes one byte in the middle of a file and puts it right afterwards. */
  const damaged = async (path: string, look: () => Promise<void>) => {
    const aside = `${path}.aside`;
    await rename(path, aside);
    await execa('cp', [aside, path]);
    await flipByte(path);
    try {
      await look();
    } finally {
      await rename(aside, path);
    }
  };
  const image = async () => {
    const images = join(root, 'runtime/linux/images');
    const { image: id } = JSON.parse(await readFile(join(root, 'runtime/linux/vm-manifest.json'), 'utf8'));
    return join(images, id);
  };

  test('a kernel with one wrong byte', async () =>
    damaged(join(await image(), 'vmlinuz'), () => refuses(/error: .*vmlinuz/)));
  test('a root disk with one wrong byte', async () =>
    damaged(join(await image(), 'root.qcow2'), () => refuses(/error: .*root\.qcow2/)));
  test('a QEMU with one wrong byte', () =>
    damaged(join(root, 'runtime/qemu/usr/bin/qemu-system-x86_64'), () =>
      refuses(/error: .*qemu-system-x86_64/),
    ));

  test('an image whose manifest names another digest', async () => {
    const path = join(await image(), 'image.json');
    await ownCopy(path);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/("vmlinuz": \{\s*"sha256": ")[0-9a-f]{8}/, '$100000000'));
    await refuses(/error: .*vmlinuz/);
    await writeFile(path, text);
  });

  test('no QEMU, and no mirror to fetch it from', async () => {
    const qemu = join(root, 'runtime/qemu');
    await rename(qemu, `${qemu}.aside`);
    const { code, stderr } = await scene.pcoder(['exec', '--', 'true'], {
      env: { PCODER_DEBIAN_MIRROR: 'http://127.0.0.1:9/debian' },
    });
    await rename(`${qemu}.aside`, qemu);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /^error: [\s\S]*^hint: /m);
    assert.equal(stderr.includes('defect'), false, stderr);
  });

  test('settings that are not JSON', async () => {
    await writeFile(join(scene.state, 'settings.json'), '{"memory": ');
    const { code, stderr } = await scene.pcoder(['run']);
    assert.equal(code, 2);
    assert.match(stderr, /settings\.json is not valid JSON[\s\S]*hint: mend or remove/);
    await rm(join(scene.state, 'settings.json'));
  });

  test('a state folder that cannot be made', async () => {
    await writeFile(join(home, 'a file'), '');
    const { code, stderr } = await sceneAt(join(home, 'a file', 'state'), join(home, 'project'), root).pcoder(
      ['exec', '--', 'true'],
    );
    assert.equal(code, 3, stderr);
    assert.match(stderr, /^error: /);
    assert.match(stderr, /^hint: /m);
  });

  test('and afterwards it works again', async () => {
    const { code, stderr } = await run('true');
    assert.equal(code, 0, stderr);
    await scene.pcoder(['stop']);
  });
});

describe('a full disk', { skip: needsRoot }, () => {
  const mounted = async (size: string, work: (folder: string) => Promise<void>) => {
    const folder = join(home, `disk-${size}`);
    await mkdir(folder);
    await execa('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder]);
    try {
      await work(folder);
    } finally {
      await execa('umount', ['--lazy', folder]);
    }
  };

  test('too full to start: said before anything is started', () =>
    mounted('200m', async (folder) => {
      await shareChecks(join(folder, 'state'));
      const { code, stderr } = await sceneAt(join(folder, 'state'), join(home, 'project'), root).pcoder([
        'exec',
        '--exchange',
        'none',
        '--',
        'true',
      ]);
      assert.equal(code, 3, stderr);
      assert.match(stderr, /error: less than 512 MiB are free[\s\S]*hint: free some space/);
    }));

  test('filled by the guest: it is paused, says so, and goes on without loss when there is room', () =>
    mounted('900m', async (folder) => {
      const small = sceneAt(join(folder, 'state'), join(home, 'project'), root);
      await shareChecks(small.state);
      await small.pcoder(['exec', '--exchange', 'none', '--', 'true']);
      await execa('fallocate', ['-l', '500m', join(folder, 'ballast')]);
      const under = small.start(
        [
          'exec',
          '--exchange',
          'none',
          '--',
          'sh',
          '-c',
          'head -c 600000000 /dev/urandom | tee ~/big | sha256sum; sync; sha256sum < ~/big',
        ],
        { input: '' },
      );
      await until('the full disk is told', () => /is full: the guest is paused/.test(under.stderr()));
      await rm(join(folder, 'ballast'));
      const { code, stdout, stderr } = await under.done;
      assert.equal(code, 0, stderr);
      const [first, second] = stdout.toString().trim().split('\n');
      assert.equal(first, second);
      await small.pcoder(['stop']);
    }));

  test('the project’s disk: results stay in the guest and come when there is room', () =>
    mounted('50m', async (folder) => {
      const project = join(folder, 'project');
      await mkdir(project);
      const tight = sceneAt(scene.state, project, root);
      const { code, stderr } = await tight.pcoder([
        'exec',
        '--',
        'sh',
        '-c',
        'head -c 80000000 /dev/zero > big; echo small > small',
      ]);
      assert.equal(code, 3, stderr);
      assert.match(stderr, /error: [\s\S]*space[\s\S]*hint: /);
      assert.equal((await readdir(project)).includes('big'), false);
      await execa('mount', ['-o', 'remount,size=200m', folder]);
      const again = await tight.pcoder(['exec', '--', 'true']);
      assert.equal(again.code, 0, again.stderr);
      assert.equal((await readFile(join(project, 'big'))).byteLength, 80_000_000);
      assert.equal(await readFile(join(project, 'small'), 'utf8'), 'small\n');
      await scene.pcoder(['stop']);
    }));
});

async function flipByte(path: string): Promise<void> {
  const content = await readFile(path);
  const middle = content.byteLength >> 1;
  content[middle] = (content[middle] ?? 0) ^ 1;
  await writeFile(path, content);
}
