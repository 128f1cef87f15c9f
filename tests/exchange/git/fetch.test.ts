import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { GuestGit } from '../../../src/exchange/git/guest-git.ts';
import { GitScene, git, outsideObjects, write } from './scene.ts';

const refs = (root: string) => git(root, 'for-each-ref', '--format=%(refname)').split('\n');

describe('what was committed in the guest', { timeout: 60_000 }, () => {
  it('comes back under refs/pcoder/<session>/, counted and named, and nothing else is written', async () => {
    using scene = new GitScene();
    await scene.bring();
    const before = outsideObjects(scene.root);
    scene.commitInGuest({ 'a.txt': 'two\n' }, 'mend\x1b[31m it');
    const tip = scene.commitInGuest({ 'b.txt': 'b\n' }, 'add b\n\nand say why');
    const { commits, notes } = await scene.fetch();
    assert.deepEqual(commits, [
      { ref: 'refs/pcoder/s1/main', count: 2, subjects: ['add b', 'mend\\u{1b}[31m it'] },
    ]);
    assert.deepEqual(notes, []);
    const { '.git/refs/pcoder/s1/main': ref, ...rest } = outsideObjects(scene.root);
    assert.equal(ref?.trim(), tip);
    assert.deepEqual(rest, before);
    git(scene.root, 'fsck', '--full', '--strict');
  });

  it('comes back once: the next session brings only what is newer', async () => {
    using scene = new GitScene();
    await scene.bring();
    scene.commitInGuest({ 'a.txt': 'two\n' }, 'two');
    await scene.fetch('s1');
    let asked = 0;
    const { guest } = scene;
    const counting: GuestGit = {
      state: () => guest.state(),
      refs: (of) => guest.refs(of),
      bring: (delivery) => guest.bring(delivery),
      pack: (lines) => {
        asked++;
        return guest.pack(lines);
      },
    };
    assert.deepEqual(await scene.fetch('s2', { guest: counting }), { commits: [], notes: [] });
    assert.equal(asked, 0);
    scene.commitInGuest({ 'a.txt': 'three\n' }, 'three');
    const { commits } = await scene.fetch('s3', { guest: counting });
    assert.deepEqual(commits, [{ ref: 'refs/pcoder/s3/main', count: 1, subjects: ['three'] }]);
    assert.deepEqual(refs(scene.root), ['refs/heads/main', 'refs/pcoder/s1/main', 'refs/pcoder/s3/main']);
  });

  it('is put down as loose objects when it is little, as a pack when it is much', async () => {
    using scene = new GitScene();
    await scene.bring();
    const packs = () =>
      readdirSync(join(scene.root, '.git/objects/pack')).filter((name) => name.endsWith('.pack'));
    scene.commitInGuest({ 'a.txt': 'two\n' }, 'two');
    await scene.fetch('s1');
    assert.equal(packs().length, 0);
    scene.commitInGuest(
      Object.fromEntries(Array.from({ length: 150 }, (_x, i) => [`many/${i}`, `${i}`])),
      'many',
    );
    await scene.fetch('s2');
    assert.equal(packs().length, 1);
    git(scene.root, 'fsck', '--full', '--strict');
  });

  it('brings branches with slashes and tags of both kinds, each under its name', async () => {
    using scene = new GitScene();
    await scene.bring();
    scene.inGuest('switch', '-q', '-c', 'feature/deep/x');
    scene.commitInGuest({ 'x.txt': 'x' }, 'x');
    scene.inGuest('tag', 'light');
    scene.inGuest('tag', '-a', '-m', 'heavy', 'v2/heavy');
    scene.inGuest('tag', 'old', 'main');
    await scene.fetch();
    assert.deepEqual(refs(scene.root).slice(1), [
      'refs/pcoder/s1/feature/deep/x',
      'refs/pcoder/s1/tags/light',
      'refs/pcoder/s1/tags/v2/heavy',
    ]);
    assert.equal(scene.host('cat-file', '-t', 'refs/pcoder/s1/tags/v2/heavy'), 'tag');
  });

  it('never moves or removes a ref of the host, however the guest rewrote history', async () => {
    using scene = new GitScene();
    scene.commit(scene.root, { 'a.txt': 'two\n' }, 'second');
    scene.host('branch', 'other');
    scene.host('tag', 'v1');
    await scene.bring();
    const before = scene.host('show-ref');
    scene.inGuest('reset', '-q', '--hard', 'HEAD^');
    scene.commitInGuest({ 'a.txt': 'otherwise\n' }, 'rewritten');
    scene.inGuest('branch', '-q', '-D', 'other');
    scene.inGuest('tag', '-d', 'v1');
    scene.inGuest('tag', '-f', 'v1');
    const { commits } = await scene.fetch();
    assert.deepEqual(
      commits.map(({ ref }) => ref),
      ['refs/pcoder/s1/main', 'refs/pcoder/s1/tags/v1'],
    );
    assert.equal(scene.host('show-ref', '--heads', '--tags'), before);
  });

  it('is the real history, whatever the guest replaces, grafts or borrows', async () => {
    using scene = new GitScene();
    await scene.bring();
    const first = scene.inGuest('rev-parse', 'HEAD');
    scene.commitInGuest({ 'a.txt': 'two\n' }, 'two');
    const tip = scene.commitInGuest({ 'a.txt': 'three\n' }, 'three');
    const other = scene.inGuest('commit-tree', '-m', 'in its place', `${first}^{tree}`);
    scene.inGuest('replace', tip, other);
    await scene.fetch();
    assert.equal(scene.host('rev-parse', 'refs/pcoder/s1/main'), tip);
    assert.deepEqual(scene.host('log', '--format=%s', 'refs/pcoder/s1/main').split('\n'), [
      'three',
      'two',
      'first',
    ]);
    assert.ok(!refs(scene.root).some((name) => name.startsWith('refs/replace/')));
  });

  it('comes back though the guest’s repository is full of traps', async () => {
    using scene = new GitScene();
    await scene.bring();
    const trap = join(scene.home, 'trap');
    const script = join(scene.home, 'trap.sh');
    write(scene.home, 'trap.sh', `#!/bin/sh\ntouch ${trap}\n`);
    chmodSync(script, 0o755);
    scene.commitInGuest({ 'a.txt': 'two\n' }, 'two');
    scene.inGuest('config', 'core.fsmonitor', script);
    scene.inGuest('config', 'core.hooksPath', scene.home);
    scene.inGuest('config', 'pack.packSizeLimit', '1m');
    scene.inGuest('config', 'uploadpack.packObjectsHook', script);
    for (const hook of ['reference-transaction', 'post-index-change']) {
      rmSync(join(scene.copy, '.git/hooks'), { recursive: true, force: true });
      write(scene.copy, '.git/hooks/x', '');
      symlinkSync(script, join(scene.copy, '.git/hooks', hook));
    }
    assert.equal((await scene.fetch()).commits.length, 1);
    assert.ok(!existsSync(trap));
  });

  it('comes back where the guest went on from another branch it had moved to an old commit', async () => {
    using scene = new GitScene();
    scene.commit(scene.root, { 'a.txt': 'two\n' }, 'second');
    await scene.bring();
    scene.inGuest('branch', 'old', 'HEAD^');
    assert.deepEqual(await scene.fetch(), { commits: [], notes: [] });
  });
});

describe('the checked-out branch', { timeout: 60_000 }, () => {
  it('is fast-forwarded when asked for: index and branch move, no file is written', async () => {
    using scene = new GitScene();
    scene.commit(scene.root, { 'gone.txt': 'g', 'run.sh': 'x' }, 'second');
    const brought = await scene.bring();
    write(scene.copy, 'new/x.txt', 'x');
    rmSync(join(scene.copy, 'gone.txt'));
    chmodSync(join(scene.copy, 'run.sh'), 0o755);
    symlinkSync('a.txt', join(scene.copy, 'link'));
    const tip = scene.commitInGuest({ 'a.txt': 'two\n' }, 'by the guest');
    scene.copyFiles(scene.copy, scene.root);
    write(scene.root, 'mine.txt', 'untracked by the host');
    const { notes } = await scene.fetch('s1', { forward: brought?.state });
    assert.match(notes.join(), /main was fast-forwarded/);
    assert.equal(scene.host('rev-parse', 'HEAD'), tip);
    assert.equal(scene.host('status', '--porcelain'), '?? mine.txt');
    assert.match(scene.host('reflog', '-1'), /pcoder: fast-forward/);
    scene.host('fsck', '--strict');
    const again = await scene.bring();
    assert.deepEqual(again?.notes, []);
  });

  it('is fast-forwarded later to commits that an earlier session has brought', async () => {
    using scene = new GitScene();
    await scene.bring();
    const tip = scene.commitInGuest({ 'a.txt': 'two\n' }, 'by the guest');
    scene.copyFiles(scene.copy, scene.root);
    await scene.fetch('s1');
    const brought = await scene.bring();
    await scene.fetch('s2', { forward: brought?.state });
    assert.equal(scene.host('rev-parse', 'HEAD'), tip);
  });

  const refusals: [string, RegExp, (scene: GitScene) => void][] = [
    [
      'something is staged',
      /staged/,
      (scene) => {
        write(scene.root, 's.txt', 's');
        scene.host('add', 's.txt');
      },
    ],
    [
      'the host has moved it',
      /moved it meanwhile/,
      (scene) => {
        scene.host('commit', '-q', '--allow-empty', '-m', 'by the host');
      },
    ],
    [
      'the host is on another branch',
      /^$/,
      (scene) => {
        scene.host('switch', '-q', '-c', 'elsewhere');
      },
    ],
    [
      'the guest is on another branch',
      /another branch/,
      (scene) => {
        scene.inGuest('switch', '-q', '-c', 'elsewhere');
      },
    ],
    [
      'a file is not as the guest committed it',
      /a\.txt is not as/,
      (scene) => {
        write(scene.root, 'a.txt', 'edited by the host\n');
      },
    ],
    [
      'a file did not come',
      /a\.txt is not as/,
      (scene) => {
        rmSync(join(scene.root, 'a.txt'));
      },
    ],
    [
      'a link stands where a file was committed',
      /a\.txt is not as/,
      (scene) => {
        write(scene.home, 'outside', 'two\n');
        rmSync(join(scene.root, 'a.txt'));
        symlinkSync(join(scene.home, 'outside'), join(scene.root, 'a.txt'));
      },
    ],
  ];
  for (const [name, reason, act] of refusals) {
    it(`stays where it is when ${name}`, async () => {
      using scene = new GitScene();
      const brought = await scene.bring();
      scene.commitInGuest({ 'a.txt': 'two\n' }, 'by the guest');
      scene.copyFiles(scene.copy, scene.root);
      act(scene);
      const head = scene.host('rev-parse', 'HEAD');
      const index = readFileSync(join(scene.root, '.git/index'));
      const { notes, commits } = await scene.fetch('s1', { forward: brought?.state });
      assert.match(notes.join(), reason);
      assert.ok(commits.length > 0);
      assert.equal(scene.host('rev-parse', 'HEAD'), head);
      assert.deepEqual(readFileSync(join(scene.root, '.git/index')), index);
    });
  }

  it('stays where it is when the guest rewrote what the host has', async () => {
    using scene = new GitScene();
    const brought = await scene.bring();
    write(scene.copy, 'a.txt', 'two\n');
    scene.inGuest('commit', '-q', '-a', '--amend', '-m', 'amended');
    scene.copyFiles(scene.copy, scene.root);
    const { notes } = await scene.fetch('s1', { forward: brought?.state });
    assert.match(notes.join(), /left out commits/);
  });

  it('is not touched when nobody asked', async () => {
    using scene = new GitScene();
    await scene.bring();
    const head = scene.host('rev-parse', 'HEAD');
    scene.commitInGuest({ 'a.txt': 'two\n' }, 'by the guest');
    scene.copyFiles(scene.copy, scene.root);
    await scene.fetch();
    assert.equal(scene.host('rev-parse', 'HEAD'), head);
  });
});
