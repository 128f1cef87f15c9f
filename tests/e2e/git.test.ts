import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeScene } from './scene.ts';

let scene: Awaited<ReturnType<typeof makeScene>>;
before(async () => {
  scene = await makeScene();
  git('init', '-q', '-b', 'main');
  git('config', 'user.name', 'A Person');
  git('config', 'user.email', 'person@example.com');
  git('config', 'remote.origin.url', 'https://me:SECRET@example.com/x.git');
  await writeFile(join(scene.project, '.git/hooks/pre-commit'), '#!/bin/sh\necho SECRET\nexit 1\n', {
    mode: 0o755,
  });
  await scene.put('a.txt', 'one\n');
  await scene.put('deep/b.txt', 'two\n');
  git('add', '.');
  git('commit', '-q', '--no-verify', '-m', 'first');
});
after(() => scene[Symbol.asyncDispose]());

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: scene.project, encoding: 'utf8' }).trimEnd();
}

const inGuest = (script: string, ...flags: string[]) =>
  scene.pcoder(['exec', ...flags, '--', 'sh', '-ec', script]);

describe('git with a real guest', () => {
  test('the guest has the history, the same status, and neither hooks nor remotes nor secrets of the host', async () => {
    await scene.put('untracked.txt', 'x');
    await scene.put('a.txt', 'changed\n');
    await scene.put('staged.txt', 'staged\n');
    git('add', 'staged.txt');
    const { code, stdout, stderr } = await inGuest(
      'git log --format=%s; git status --porcelain; git remote; ls .git/hooks 2>/dev/null || true; grep -r SECRET .git || true; git config user.name; stat -c %U .git .git/index; git fsck --strict 2>&1',
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.toString().trimEnd().split('\n'), [
      'first',
      ' M a.txt',
      'A  staged.txt',
      '?? untracked.txt',
      'A Person',
      'portable',
      'portable',
    ]);
    assert.doesNotMatch(stderr, /pcoder: .*git/);
    git('reset', '-q', '--hard');
    await rm(join(scene.project, 'untracked.txt'));
  });

  test('a second session brings only what is new, and an unchanged one nothing', async () => {
    await scene.put('a.txt', 'two\n');
    git('commit', '-q', '-a', '--no-verify', '-m', 'second');
    git('tag', 'v1');
    const { code, stdout, stderr } = await inGuest(
      'git log --oneline --decorate --format=%s%d; git status --porcelain; ls .git/objects/pack | wc -l',
    );
    assert.equal(code, 0, stderr);
    assert.deepEqual(stdout.toString().trimEnd().split('\n'), [
      'second (HEAD -> main, tag: v1)',
      'first',
      '4',
    ]);
    assert.equal((await inGuest('ls .git/objects/pack | wc -l')).stdout.toString().trim(), '4');
  });

  test('what is committed there comes back under refs/pcoder and moves nothing', async () => {
    const head = git('rev-parse', 'HEAD');
    const { code, stderr, stdout } = await inGuest(
      'echo three > a.txt; git commit -qam "by the guest"; git switch -qc topic; echo t > t.txt; git add .; git commit -qm "on a topic"; git rev-parse main topic',
    );
    assert.equal(code, 0, stderr);
    const names = /git log (refs\/pcoder\/\S+\/main)/.exec(stderr);
    assert.ok(names?.[1], stderr);
    const below = names[1].replace(/main$/, '');
    assert.equal(git('rev-parse', `${below}main`, `${below}topic`), stdout.toString().trimEnd());
    assert.match(stderr, /committed in the guest \(1\): git log refs\/pcoder\/\S+\/main: by the guest/);
    assert.equal(git('rev-parse', 'HEAD'), head);
    assert.equal(git('log', '-1', '--format=%an <%ae>', `${below}main`), 'A Person <person@example.com>');
    assert.equal(await scene.file('a.txt'), 'three\n');
    git('fsck', '--strict');
  });

  test('asked to, the checked-out branch is fast-forwarded', async () => {
    await inGuest('git switch -q main; rm -f t.txt');
    const { code, stderr, stdout } = await inGuest(
      'echo four > a.txt; git commit -qam "four"; git rev-parse main',
      '--git-commits',
      'fast-forward',
    );
    assert.equal(code, 0, stderr);
    assert.match(stderr, /main was fast-forwarded/);
    assert.equal(git('rev-parse', 'main'), stdout.toString().trimEnd());
    assert.equal(git('status', '--porcelain'), '');
    const { stdout: again } = await inGuest('git status --porcelain; git log -1 --format=%s');
    assert.equal(again.toString(), 'four\n');
  });

  test('a forged commit is refused and said, and the files come all the same', async () => {
    const refs = git('for-each-ref');
    const { code, stderr } = await inGuest(
      'b=$(echo evil | git hash-object -w --stdin); t=$(printf "40000 .git\\0" | cat - /dev/null > /tmp/t; printf "100644 config\\0" > /tmp/i; echo $b | xxd -r -p >> /tmp/i 2>/dev/null || echo $b | python3 -c "import sys;sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read().strip()))" >> /tmp/i; i=$(git hash-object -t tree --literally -w /tmp/i); echo $i | python3 -c "import sys;sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read().strip()))" >> /tmp/t; git hash-object -t tree --literally -w /tmp/t); git update-ref refs/heads/evil $(git commit-tree -m evil $t); echo came > came.txt',
    );
    assert.equal(code, 0, stderr);
    assert.match(stderr, /commits of this session stay in the guest: .*hasDotgit/);
    assert.equal(git('for-each-ref'), refs);
    assert.equal(await scene.file('came.txt'), 'came\n');
    await inGuest('git update-ref -d refs/heads/evil');
  });

  test('with --git-commits none a new copy gets no repository', async () => {
    const other = join(scene.state, 'other-project');
    await mkdir(other, { recursive: true });
    execFileSync('git', ['clone', '-q', scene.project, other]);
    const { stdout, stderr } = await inGuest('ls -A', '--project', other, '--git-commits', 'none');
    assert.ok(!stdout.toString().split('\n').includes('.git'), stderr);
  });
});
