import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { GitScene, git, gitWith, outsideObjects, write } from './scene.ts';

const status = (where: string) => git(where, '--no-optional-locks', 'status', '--porcelain=v2');

describe('a repository brought to the guest', { timeout: 60_000 }, () => {
  it('shows the same status there: modified, staged, untracked and ignored files', async () => {
    using scene = new GitScene();
    scene.commit(
      scene.root,
      { '.gitignore': 'ignored\n', 'b.txt': 'b\n', 'run.sh': 'x\n', 'gone.txt': 'g\n' },
      'second',
    );
    write(scene.root, 'a.txt', 'changed\n');
    write(scene.root, 'staged.txt', 'staged\n');
    write(scene.root, 'b.txt', 'half staged\n');
    scene.host('add', 'staged.txt', 'b.txt');
    write(scene.root, 'b.txt', 'changed again\n');
    write(scene.root, 'ignored', 'x');
    write(scene.root, 'untracked', 'x');
    chmodSync(join(scene.root, 'run.sh'), 0o755);
    rmSync(join(scene.root, 'gone.txt'));
    symlinkSync('a.txt', join(scene.root, 'link'));
    await scene.bring();
    assert.equal(status(scene.copy), status(scene.root));
    assert.match(status(scene.copy), /staged\.txt/);
    assert.equal(git(scene.copy, 'diff', '--cached'), git(scene.root, 'diff', '--cached'));
    git(scene.copy, 'fsck', '--full', '--strict');
  });

  it('has the same branches, tags, remote-tracking branches and HEAD', async () => {
    using scene = new GitScene();
    scene.host('tag', '-a', 'v1', '-m', 'one');
    scene.host('switch', '-q', '-c', 'feature/x');
    scene.commit(scene.root, { 'x.txt': 'x' }, 'on a branch');
    scene.host('update-ref', 'refs/remotes/origin/main', 'main');
    scene.host('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main');
    await scene.bring();
    const refs = (where: string) =>
      git(where, 'for-each-ref')
        .split('\n')
        .filter((line) => !line.endsWith('origin/HEAD'));
    assert.deepEqual(refs(scene.copy), refs(scene.root));
    assert.equal(scene.inGuest('symbolic-ref', 'HEAD'), 'refs/heads/feature/x');
  });

  it('reads no file again for `git status`: the index fits sizes and times', async () => {
    using scene = new GitScene();
    utimesSync(join(scene.root, 'a.txt'), 1e9, 1e9);
    scene.host('update-index', '--refresh');
    await scene.bring();
    // Another content of the same size and time: who reads it would see the difference.
    writeFileSync(join(scene.copy, 'a.txt'), 'two\n');
    utimesSync(join(scene.copy, 'a.txt'), 1e9, 1e9);
    assert.equal(status(scene.copy), '');
  });

  it('carries name and address and nothing else of the configuration, no hook, no stash, no reflog', async () => {
    using scene = new GitScene();
    scene.host('config', 'user.name', 'A "quoted" \\ Name é');
    scene.host('config', 'user.email', 'a@example.com');
    scene.host('config', 'remote.origin.url', 'https://me:SECRET@example.com/x.git');
    scene.host('config', 'credential.helper', 'store --file SECRET');
    scene.host('config', 'filter.evil.clean', 'SECRET');
    scene.host('config', 'alias.x', '!SECRET');
    write(scene.root, '.git/hooks/pre-commit', '#!/bin/sh\necho SECRET\n');
    write(scene.root, 'a.txt', 'SECRET stash');
    scene.host('stash');
    write(scene.root, '.git/info/exclude', 'mine\n');
    await scene.bring();
    const files = outsideObjects(scene.copy);
    for (const [path, content] of Object.entries(files)) assert.doesNotMatch(content, /SECRET/, path);
    assert.equal(scene.inGuest('config', 'user.name'), 'A "quoted" \\ Name é');
    assert.deepEqual(
      Object.keys(files).filter((path) => /hook|logs|stash/.test(path)),
      [],
    );
    assert.equal(files['.git/info/exclude'], 'mine\n');
    assert.doesNotMatch(scene.inGuest('cat-file', '--batch-all-objects', '--batch'), /SECRET/);
  });

  it('carries no file of the host that a configuration of the project names', async () => {
    using scene = new GitScene();
    write(scene.home, 'secret', 'SECRET');
    scene.host('config', 'include.path', '../.gitconfig');
    write(
      scene.root,
      '.gitconfig',
      `[core]\n\texcludesFile = ${join(scene.home, 'secret')}\n[user]\n\tname = In Tree\n`,
    );
    await scene.bring();
    assert.equal(scene.inGuest('config', 'user.name'), 'In Tree');
    for (const [path, content] of Object.entries(outsideObjects(scene.copy)))
      assert.doesNotMatch(content, /SECRET/, path);
  });

  it('travels once: unchanged it costs nothing, changed only what is new', async () => {
    using scene = new GitScene();
    scene.commit(
      scene.root,
      { 'large.txt': Array.from({ length: 20_000 }, (_x, i) => `${i * 7919}`).join('\n') },
      'large',
    );
    await scene.bring();
    const first = scene.sent;
    assert.ok(first > 40_000, `${first}`);
    scene.sent = 0;
    await scene.bring();
    assert.equal(scene.sent, 0);
    // `git status` writes the index anew, with the times of now.
    utimesSync(join(scene.root, 'a.txt'), 1.5e9, 1.5e9);
    scene.host('status');
    await scene.bring();
    assert.equal(scene.sent, 0);
    scene.commit(scene.root, { 'a.txt': 'two\n' }, 'second');
    await scene.bring();
    assert.ok(scene.sent > 0 && scene.sent < 5000, `${scene.sent}`);
    assert.equal(scene.inGuest('log', '-1', '--format=%s'), 'second');
    assert.equal(status(scene.copy), '');
    git(scene.copy, 'fsck', '--full');
  });

  it('writes nothing into the host’s repository', async () => {
    using scene = new GitScene();
    write(scene.root, 'b.txt', 'b');
    scene.host('add', 'b.txt');
    const before = outsideObjects(scene.root);
    const objects = scene.host('count-objects', '-v');
    await scene.bring();
    assert.deepEqual(outsideObjects(scene.root), before);
    assert.equal(scene.host('count-objects', '-v'), objects);
  });

  it('runs no hook, monitor or filter of the host', async () => {
    using scene = new GitScene();
    const trap = join(scene.home, 'trap');
    write(scene.home, 'trap.sh', `#!/bin/sh\ntouch ${trap}\ncat\n`);
    chmodSync(join(scene.home, 'trap.sh'), 0o755);
    const script = join(scene.home, 'trap.sh');
    for (const key of [
      'core.fsmonitor',
      'core.sshCommand',
      'core.pager',
      'filter.t.clean',
      'diff.external',
      'gpg.program',
    ])
      scene.host('config', key, script);
    mkdirSync(join(scene.root, 'hooks'));
    for (const hook of ['reference-transaction', 'post-index-change', 'pre-auto-gc'])
      symlinkSync(script, join(scene.root, '.git/hooks', hook));
    write(scene.root, '.gitattributes', '* filter=t diff=t\n');
    write(scene.root, 'a.txt', 'changed');
    const brought = await scene.bring();
    scene.commitInGuest({ 'a.txt': 'new\n' }, 'in the guest');
    scene.copyFiles(scene.copy, scene.root);
    await scene.fetch('s1', { forward: brought?.state });
    assert.throws(() => readFileSync(trap));
  });

  it('keeps what the guest has of its own, and takes what only the host changed', async () => {
    using scene = new GitScene();
    scene.host('branch', 'other');
    await scene.bring();
    const mine = scene.commitInGuest({ 'g.txt': 'g' }, 'by the guest');
    scene.inGuest('branch', 'guest-only');
    scene.copyFiles(scene.copy, scene.root);
    scene.host('branch', 'new-one');
    scene.host('branch', '-D', 'other');
    await scene.bring();
    assert.equal(scene.inGuest('rev-parse', 'main'), mine);
    assert.deepEqual(scene.inGuest('for-each-ref', '--format=%(refname:short)').split('\n'), [
      'guest-only',
      'main',
      'new-one',
    ]);
    assert.equal(status(scene.copy), '');
  });

  it('gives a branch that both sides moved to the host, and keeps the guest’s commits beside it', async () => {
    using scene = new GitScene();
    await scene.bring();
    const mine = scene.commitInGuest({ 'g.txt': 'g' }, 'by the guest');
    scene.copyFiles(scene.copy, scene.root);
    const theirs = scene.commit(scene.root, {}, 'by the host');
    const brought = await scene.bring();
    assert.equal(scene.inGuest('rev-parse', 'main'), theirs);
    assert.equal(scene.inGuest('rev-parse', `refs/aside/${mine.slice(0, 10)}/heads/main`), mine);
    assert.match(brought?.notes.join() ?? '', /both sides went on .* refs\/aside\//);
    assert.equal(status(scene.copy), '');
    // No session had fetched it: this one does.
    const { commits } = await scene.fetch();
    assert.deepEqual(
      commits.map(({ ref }) => ref),
      [`refs/pcoder/s1/aside/${mine.slice(0, 10)}/heads/main`],
    );
  });

  it('goes on where the host took the guest’s commits over', async () => {
    using scene = new GitScene();
    await scene.bring();
    const mine = scene.commitInGuest({ 'g.txt': 'g' }, 'by the guest');
    scene.copyFiles(scene.copy, scene.root);
    await scene.fetch();
    scene.host('reset', '-q', 'refs/pcoder/s1/main');
    const theirs = scene.commit(scene.root, { 'h.txt': 'h' }, 'on top');
    const { notes } = (await scene.bring()) ?? {};
    assert.deepEqual(notes, []);
    assert.equal(scene.inGuest('rev-parse', 'main', 'main^'), `${theirs}\n${mine}`);
    assert.equal(status(scene.copy), '');
  });

  it('that was cut off on its way is brought again', async () => {
    using scene = new GitScene();
    scene.copyFiles(scene.root, scene.copy);
    const { guest } = scene;
    const cutOff = async function* (delivery: AsyncIterable<Uint8Array>) {
      let left = 900;
      for await (const piece of delivery) {
        yield piece.subarray(0, left);
        left -= piece.length;
        if (left <= 0) throw new Error('cut off');
      }
    };
    const torn = {
      ...scene.reached(),
      bring: (delivery: AsyncIterable<Uint8Array>) => guest.bring(cutOff(delivery)),
    };
    await assert.rejects(scene.bring({ guest: torn }), /cut off/);
    assert.throws(() => scene.inGuest('rev-parse', '--resolve-git-dir', '.git'));
    await scene.bring();
    scene.commit(scene.root, { 'b.txt': 'b' }, 'second');
    await assert.rejects(scene.bring({ guest: torn }), /cut off/);
    assert.equal(scene.inGuest('log', '-1', '--format=%s'), 'first');
    await scene.bring();
    assert.equal(scene.inGuest('log', '-1', '--format=%s'), 'second');
    git(scene.copy, 'fsck', '--full', '--strict');
  });

  it('follows the host to another branch, and a branch that became a folder', async () => {
    using scene = new GitScene();
    scene.host('branch', 'topic');
    await scene.bring();
    scene.host('branch', '-D', 'topic');
    scene.host('switch', '-q', '-c', 'topic/one');
    await scene.bring();
    assert.equal(scene.inGuest('symbolic-ref', 'HEAD'), 'refs/heads/topic/one');
    assert.deepEqual(scene.inGuest('for-each-ref', '--format=%(refname:short)').split('\n'), [
      'main',
      'topic/one',
    ]);
  });
});

describe('an unusual repository', { timeout: 60_000 }, () => {
  it('without a commit works, and with something staged too', async () => {
    using scene = new GitScene({ empty: true });
    await scene.bring();
    assert.equal(status(scene.copy), '');
    write(scene.root, 'b.txt', 'b');
    scene.host('add', 'b.txt');
    await scene.bring();
    assert.equal(status(scene.copy), status(scene.root));
    scene.inGuest('commit', '-q', '-m', 'first of all');
    assert.deepEqual(
      (await scene.fetch()).commits.map(({ ref, count }) => [ref, count]),
      [['refs/pcoder/s1/main', 1]],
    );
  });

  it('with a detached HEAD works, and what is committed on it comes back as HEAD', async () => {
    using scene = new GitScene();
    scene.commit(scene.root, { 'a.txt': 'two\n' }, 'second');
    scene.host('switch', '-q', '--detach', 'HEAD^');
    await scene.bring();
    assert.equal(scene.inGuest('rev-parse', 'HEAD'), scene.host('rev-parse', 'HEAD'));
    assert.equal(status(scene.copy), '');
    const mine = scene.commitInGuest({ 'a.txt': 'three\n' }, 'nowhere');
    await scene.fetch();
    assert.equal(scene.host('rev-parse', 'refs/pcoder/s1/HEAD'), mine);
  });

  it('of SHA-256 works both ways', async () => {
    using scene = new GitScene({ format: 'sha256' });
    await scene.bring();
    assert.equal(status(scene.copy), '');
    const mine = scene.commitInGuest({ 'a.txt': 'two\n' }, 'second');
    await scene.fetch();
    assert.equal(scene.host('rev-parse', 'refs/pcoder/s1/main'), mine);
  });

  it('that is shallow works both ways and stays shallow', async () => {
    using origin = new GitScene();
    for (const each of ['two', 'three']) origin.commit(origin.root, { 'a.txt': `${each}\n` }, each);
    using scene = new GitScene({ empty: true });
    rmSync(scene.root, { recursive: true });
    git(scene.home, 'clone', '-q', '--depth', '1', `file://${origin.root}`, 'host');
    await scene.bring();
    assert.equal(scene.inGuest('log', '--format=%s'), 'three');
    git(scene.copy, 'fsck', '--full');
    const mine = scene.commitInGuest({ 'a.txt': 'four\n' }, 'four');
    await scene.fetch();
    assert.equal(scene.host('rev-parse', 'refs/pcoder/s1/main'), mine);
    scene.host('fetch', '-q', '--unshallow');
    scene.host('branch', 'old', 'HEAD~2');
    await scene.bring();
    git(scene.copy, 'fsck', '--full');
    assert.equal(scene.inGuest('log', '-1', '--format=%s', 'old'), 'first');
  });

  it('in a linked work tree works', async () => {
    using scene = new GitScene();
    scene.host('worktree', 'add', '-q', '-b', 'side', join(scene.home, 'linked'));
    const linked = join(scene.home, 'linked');
    write(linked, 'a.txt', 'changed\n');
    git(linked, 'add', 'a.txt');
    scene.copyFiles(linked, scene.copy);
    await scene.bring({ root: linked });
    scene.copyFiles(linked, scene.copy);
    assert.equal(scene.inGuest('symbolic-ref', 'HEAD'), 'refs/heads/side');
    assert.equal(status(scene.copy), status(linked));
    scene.inGuest('commit', '-q', '-m', 'in the guest');
    await scene.fetch('s1', { root: linked });
    assert.equal(scene.host('log', '-1', '--format=%s', 'refs/pcoder/s1/side'), 'in the guest');
  });

  it('with a sparse checkout keeps what is left out left out', async () => {
    using scene = new GitScene();
    scene.commit(scene.root, { 'in/a': 'a', 'out/b': 'b' }, 'two folders');
    scene.host('sparse-checkout', 'set', '--cone', '--sparse-index', 'in');
    await scene.bring();
    assert.equal(status(scene.copy), '');
    scene.inGuest('switch', '-q', '-c', 'x');
    scene.inGuest('reset', '-q', '--hard');
    assert.throws(() => readFileSync(join(scene.copy, 'out/b')));
  });

  it('with a split index, caches and a merge under way is brought whole', async () => {
    using scene = new GitScene();
    scene.host('switch', '-q', '-c', 'side');
    scene.commit(scene.root, { 'a.txt': 'side\n' }, 'side');
    scene.host('switch', '-q', 'main');
    scene.commit(scene.root, { 'a.txt': 'main\n' }, 'main');
    scene.host('update-index', '--split-index', '--untracked-cache');
    assert.throws(() => scene.host('merge', 'side'));
    await scene.bring();
    assert.equal(scene.inGuest('ls-files', '-u'), scene.host('ls-files', '-u'));
  });

  it('with submodules says that they are plain files there', async () => {
    using inner = new GitScene();
    using scene = new GitScene();
    gitWith(
      scene.root,
      {},
      '-c',
      'protocol.file.allow=always',
      'submodule',
      '--quiet',
      'add',
      inner.root,
      'sub',
    );
    scene.commit(scene.root, {}, 'submodule');
    const brought = await scene.bring();
    assert.match(brought?.notes.join() ?? '', /submodules are in the guest as plain files/);
    assert.equal(status(scene.copy), '');
    assert.equal(readFileSync(join(scene.copy, 'sub/a.txt'), 'utf8'), 'one\n');
  });

  it('of git LFS says that commits made in the guest hold no pointers', async () => {
    using scene = new GitScene();
    mkdirSync(join(scene.root, '.git/lfs'));
    assert.match((await scene.bring())?.notes.join() ?? '', /git LFS/);
    assert.deepEqual((await scene.bring())?.notes, []);
  });

  it('with too much history gives the checked-out commit alone, and goes on from it', async () => {
    using scene = new GitScene();
    for (let each = 0; each < 3; each++) scene.commit(scene.root, { 'a.txt': `${each}\n` }, `${each}`);
    scene.host('branch', 'other', 'HEAD~2');
    const { GIT_LIMITS } = await import('../../../src/exchange/git/limits.ts');
    const limits = { ...GIT_LIMITS, sent: 2000 };
    const brought = await scene.bring({ limits });
    assert.match(brought?.notes.join() ?? '', /history is large/);
    assert.equal(scene.inGuest('log', '--all', '--format=%s'), '2');
    assert.equal(status(scene.copy), '');
    git(scene.copy, 'fsck', '--full');
    const mine = scene.commitInGuest({ 'a.txt': 'g\n' }, 'guest');
    await scene.fetch();
    assert.equal(scene.host('rev-parse', 'refs/pcoder/s1/main'), mine);
    scene.copyFiles(scene.copy, scene.root);
    scene.host('reset', '-q', mine);
    scene.commit(scene.root, { 'a.txt': 'h\n' }, 'host');
    assert.deepEqual((await scene.bring({ limits }))?.notes, []);
    assert.equal(scene.inGuest('log', '--format=%s'), 'host\nguest\n2');
    scene.host('switch', '-q', 'other');
    await scene.bring({ limits });
    assert.equal(scene.inGuest('log', '-1', '--format=%s'), '0');
    git(scene.copy, 'fsck', '--full');
  });

  it('is found by no environment variable and no folder above', async () => {
    using scene = new GitScene();
    mkdirSync(join(scene.root, 'part'));
    await assert.rejects(scene.bring({ root: join(scene.root, 'part') }), /only a part of the repository/);
    using other = new GitScene();
    process.env['GIT_DIR'] = join(other.root, '.git');
    try {
      await scene.bring();
    } finally {
      delete process.env['GIT_DIR'];
    }
    assert.equal(scene.inGuest('rev-parse', 'main'), scene.host('rev-parse', 'main'));
  });

  it('that is a partial clone, broken, bare or kept elsewhere is refused with the reason', async () => {
    using scene = new GitScene();
    scene.host('config', 'remote.origin.promisor', 'true');
    await assert.rejects(scene.bring(), /partial clone/);
    scene.host('config', '--unset', 'remote.origin.promisor');
    scene.host('config', 'core.worktree', scene.copy);
    await assert.rejects(scene.bring(), /another folder/);
    scene.host('config', '--unset', 'core.worktree');
    scene.host('config', 'core.bare', 'true');
    await assert.rejects(scene.bring(), /no work tree/);
    rmSync(join(scene.root, '.git/HEAD'));
    await assert.rejects(scene.bring(), /cannot open it/);
    write(scene.root, '.git/HEAD', 'ref: refs/heads/main\n');
  });

  it('that is broken is never replaced by a bare one the guest has put into the project', async () => {
    using scene = new GitScene();
    const trap = join(scene.home, 'trap');
    renameSync(join(scene.root, '.git'), join(scene.home, 'away'));
    git(scene.root, 'init', '-q', '--bare', '.');
    appendFileSync(
      join(scene.root, 'config'),
      `[core]\n\tfsmonitor = touch ${trap}\n[alias]\n\trev-parse = !touch ${trap}\n`,
    );
    mkdirSync(join(scene.root, '.git'));
    await assert.rejects(scene.bring(), /cannot open it|no work tree|another folder/);
    assert.throws(() => readFileSync(trap));
  });

  it('is refused where the guest has made one of its own, which stays', async () => {
    using scene = new GitScene();
    scene.copyFiles(scene.root, scene.copy);
    scene.inGuest('init', '-q');
    const mine = scene.commitInGuest({}, 'of its own');
    await assert.rejects(scene.bring(), /repository of its own/);
    assert.equal(scene.inGuest('rev-parse', 'HEAD'), mine);
    rmSync(join(scene.copy, '.git'), { recursive: true });
    await scene.bring();
    assert.equal(scene.inGuest('rev-parse', 'main'), scene.host('rev-parse', 'main'));
  });

  it('is refused without git on the host', async () => {
    using scene = new GitScene();
    const path = process.env['PATH'];
    process.env['PATH'] = scene.home;
    try {
      await assert.rejects(scene.bring(), /no git/);
    } finally {
      process.env['PATH'] = path;
    }
  });
});
