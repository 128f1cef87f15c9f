import assert from 'node:assert/strict';
import { chmod, lstat, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeScene, until } from './scene.ts';

let scene: Awaited<ReturnType<typeof makeScene>>;
before(async () => {
  scene = await makeScene();
});
after(() => scene[Symbol.asyncDispose]());

/** Nothing is exchanged while the script runs. */
const ONCE = ['exec', '--exchange', 'once', '--', 'sh', '-c'];

const inGuest = (script: string) => scene.pcoder(['exec', '--', 'sh', '-ec', script]);

describe('exchange with a real guest', () => {
  test('the project goes in and what the guest made comes back', async () => {
    await scene.put('a.txt', 'one\n');
    await scene.put('deep/er/b.txt', 'two\n');
    await scene.put('run.sh', '#!/bin/sh\necho ran\n');
    await chmod(join(scene.project, 'run.sh'), 0o755);
    const { code, stdout, stderr } = await inGuest(
      'cat a.txt deep/er/b.txt; ./run.sh; echo three > deep/c.txt; rm a.txt; mkdir -p new; echo é > "new/a name é"',
    );
    assert.equal(code, 0, stderr);
    assert.equal(stdout.toString(), 'one\ntwo\nran\n');
    assert.equal(await scene.file('deep/c.txt'), 'three\n');
    assert.equal(await scene.file('new/a name é'), 'é\n');
    await assert.rejects(scene.file('a.txt'));
    assert.match(stderr, /changed in the project: deep\/c\.txt, new/);
    assert.match(stderr, /deleted in the project: a\.txt/);
  });

  test('a file changed on both sides stays, and the guest’s lands beside it', async () => {
    await scene.put('both.txt', 'before\n');
    await inGuest('true');
    const under = scene.start([...ONCE, 'echo ready; read line; echo guest > both.txt']);
    await until('the command runs', () => under.stdout().includes('ready'));
    await scene.put('both.txt', 'host\n');
    under.stdin.write('go\n');
    under.stdin.end();
    const { stderr } = await under.done;
    assert.equal(await scene.file('both.txt'), 'host\n');
    const copy = (await readdir(scene.project)).find((name) => name.startsWith('both.pcoder-conflict-'));
    assert.ok(copy !== undefined, stderr);
    assert.equal(await scene.file(copy), 'guest\n');
    assert.match(stderr, /changed on both sides/);
  });

  test('a file the host changed is not deleted by the guest', async () => {
    await scene.put('kept.txt', 'before\n');
    await inGuest('true');
    const under = scene.start([...ONCE, 'echo ready; read line; rm kept.txt']);
    await until('the command runs', () => under.stdout().includes('ready'));
    await scene.put('kept.txt', 'the host changed it\n');
    under.stdin.end('go\n');
    await under.done;
    assert.equal(await scene.file('kept.txt'), 'the host changed it\n');
  });

  test('links, special files and names that lead out of the project are refused and reported', async () => {
    const outside = join(scene.state, 'outside.txt');
    await writeFile(outside, 'untouched\n');
    const { stderr } = await inGuest(
      `ln -s ${outside} escape; mkfifo pipe; mkdir -p .GIT/hooks; echo evil > .GIT/hooks/pre-commit; ln -s /etc rooted; echo fine > fine.txt`,
    );
    assert.equal(await scene.file('fine.txt'), 'fine\n');
    const names = await readdir(scene.project);
    for (const refused of ['escape', 'pipe', '.GIT', 'rooted']) assert.ok(!names.includes(refused), refused);
    assert.match(stderr, /not exchanged: escape/);
    assert.match(stderr, /not exchanged: pipe/);
    assert.equal(await readFile(outside, 'utf8'), 'untouched\n');
    await inGuest('rm -rf escape pipe .GIT rooted');
  });

  test('a folder the host made a link out of is never written through', async () => {
    await scene.put('swap/inner.txt', 'in\n');
    await inGuest('true');
    const target = join(scene.state, 'elsewhere');
    await mkdir(target, { recursive: true });
    const under = scene.start([
      'exec',
      '--',
      'sh',
      '-c',
      'echo ready; read line; echo guest > swap/inner.txt; echo guest > swap/more.txt',
    ]);
    await until('the command runs', () => under.stdout().includes('ready'));
    await rename(join(scene.project, 'swap'), join(scene.state, 'moved-away'));
    await symlink(target, join(scene.project, 'swap'));
    under.stdin.end('go\n');
    await under.done;
    assert.deepEqual(await readdir(target), []);
    assert.ok((await lstat(join(scene.project, 'swap'))).isSymbolicLink());
  });

  test('an unchanged project is exchanged again without sending anything', async () => {
    await inGuest('true');
    const { stderr } = await inGuest('true');
    assert.equal(stderr.includes('changed in the project'), false, stderr);
  });

  test('thousands of new files come back, named a few and counted the rest', async () => {
    const { code, stderr } = await inGuest(
      'mkdir many; cd many; i=0; while [ $i -lt 4000 ]; do echo $i > a-file-with-a-rather-long-name-to-fill-messages-$i; i=$((i+1)); done',
    );
    assert.equal(code, 0, stderr);
    assert.equal((await readdir(join(scene.project, 'many'))).length, 4000);
    assert.match(stderr, /changed in the project: .* and 39\d\d more\n/);
  });
});
