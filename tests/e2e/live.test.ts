import assert from 'node:assert/strict';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeScene, until } from './scene.ts';

let scene: Awaited<ReturnType<typeof makeScene>>;
before(async () => {
  scene = await makeScene();
});
after(() => scene[Symbol.asyncDispose]());

/** A program that runs until its input ends, so that what happens meanwhile is the live exchange's doing. */
async function meanwhile(
  script: string,
  act: () => Promise<void>,
): Promise<{ code: number | null; stderr: string }> {
  const under = scene.start(['exec', '--', 'sh', '-c', `echo ready; ${script}; cat > /dev/null`]);
  await until('the program runs', () => under.stdout().includes('ready'));
  try {
    await act();
  } finally {
    under.stdin.end();
  }
  return await under.done;
}

const inGuest = (script: string) => scene.pcoder(['exec', '--', 'sh', '-ec', script]);

describe('a live exchange with a real guest', { timeout: 600_000 }, () => {
  test('a file the guest writes is on the host while its program still runs', async () => {
    const { code, stderr } = await meanwhile('mkdir -p made; echo by guest > made/file', async () => {
      await until('it is on the host', async () => (await read('made/file')) === 'by guest\n');
    });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /changed in the project: made, made\/file/);
  });

  test('a file the host writes is in the guest while its program still runs', async () => {
    const wait =
      'until [ "$(cat deep/er/from-host 2>/dev/null)" = hello ]; do sleep 0.1; done; echo seen > seen';
    await meanwhile(wait, async () => {
      await mkdir(join(scene.project, 'deep/er'), { recursive: true });
      await writeFile(join(scene.project, 'deep/er/.swp'), 'hello\n');
      await rename(join(scene.project, 'deep/er/.swp'), join(scene.project, 'deep/er/from-host'));
      await until('the guest has seen it', async () => (await read('seen')) === 'seen\n');
    });
    assert.deepEqual((await readdir(join(scene.project, 'deep/er'))).sort(), ['from-host']);
  });

  test('both sides agree at the end of a checkout on the host and work in the guest at the same time', async () => {
    const work =
      'for n in $(seq 1 200); do mkdir -p work/$((n % 7)); echo $n > work/$((n % 7))/$n; done; rm -r work/3';
    await meanwhile(`(${work}) > /dev/null`, async () => {
      for (let n = 0; n < 200; n += 1) await scene.put(`checkout/${n % 5}/${n}`, `${n}`);
      await rm(join(scene.project, 'checkout/2'), { recursive: true });
      await until('the work is over', async () => (await read('work/4/200')) === '200\n');
    });
    const list = (root: string) =>
      `cd ${root} && find checkout work -type f | sort | xargs sha256sum | sha256sum`;
    const guest = (await inGuest(list('.'))).stdout.toString();
    await inGuest('true');
    const files = await readdir(scene.project, { recursive: true, withFileTypes: true });
    assert.equal(files.filter((file) => file.isFile() && file.parentPath.includes('checkout')).length, 160);
    assert.ok(guest.length > 60);
  });

  test('what a session under review changed waits, is shown, and is applied or discarded by hand', async () => {
    await scene.put('kept', 'before\n');
    await inGuest('true');
    const review = await scene.pcoder([
      ...['exec', '--exchange', 'review', '--', 'sh', '-c'],
      'echo after > kept; echo new > fresh',
    ]);
    assert.equal(review.code, 6, review.stderr);
    assert.match(review.stderr, /waits for you: fresh/);
    assert.equal(await read('kept'), 'before\n');
    assert.equal(await read('fresh'), undefined);

    // A session of another kind does not carry over what waits.
    const other = await inGuest('true');
    assert.equal(other.code, 0, other.stderr);
    assert.match(other.stderr, /still under review/);
    assert.equal(await read('kept'), 'before\n');

    const unseen = await scene.pcoder(['apply']);
    assert.equal(unseen.code, 6);
    assert.match(unseen.stderr, /not shown/);

    const { stdout } = await scene.pcoder(['changes', '--diff']);
    assert.match(stdout.toString(), /^A fresh/m);
    assert.match(stdout.toString(), /^-before\n\+after$/m);

    const applied = await scene.pcoder(['apply', 'kept']);
    assert.equal(applied.code, 0, applied.stderr);
    assert.equal(await read('kept'), 'after\n');
    assert.equal(await read('fresh'), undefined);
    assert.equal((await scene.pcoder(['discard'])).code, 0);
    assert.equal((await inGuest('test ! -e fresh')).code, 0);
    assert.match((await scene.pcoder(['changes'])).stderr, /nothing waits/);
  });

  test('a file that editors and shells would run waits, however new it is, and the rest comes over', async () => {
    const { code, stderr } = await inGuest(
      "mkdir -p .vscode sub; echo '{}' > .vscode/tasks.json; echo 'touch pwned' > sub/.envrc; echo fine > sub/fine",
    );
    assert.equal(code, 6, stderr);
    assert.equal(await read('sub/fine'), 'fine\n');
    assert.equal(await read('sub/.envrc'), undefined);
    assert.equal(await read('.vscode/tasks.json'), undefined);
    assert.match(stderr, /waits for you: sub\/\.envrc/);
    assert.equal((await inGuest('true')).code, 0, 'it is told once');
    await scene.pcoder(['changes']);
    assert.equal((await scene.pcoder(['apply', 'sub'])).code, 0);
    assert.equal(await read('sub/.envrc'), 'touch pwned\n');
    assert.equal((await scene.pcoder(['discard'])).code, 0);
    assert.equal((await inGuest('test ! -e .vscode')).code, 0);
  });

  test('a guest that empties the project takes nothing from the host', async () => {
    await scene.put('dear', 'dear\n');
    await inGuest('true');
    const { code, stderr } = await inGuest('find . -mindepth 1 -delete');
    assert.equal(code, 6, stderr);
    assert.equal(await read('dear'), 'dear\n');
    assert.match(stderr, /so much was removed at once/);
    await scene.pcoder(['changes', '--json']);
    assert.equal((await scene.pcoder(['discard'])).code, 0);
    assert.equal((await inGuest('cat dear')).stdout.toString(), 'dear\n');
  });
});

async function read(path: string): Promise<string | undefined> {
  return await scene.file(path).catch(() => undefined);
}
