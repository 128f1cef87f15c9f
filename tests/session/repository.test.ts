import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ProgressEvent } from '../../src/bundle/progress.ts';
import { type Method, serve } from '../../src/channel/methods.ts';
import { Fault } from '../../src/fault/fault.ts';
import { gitMethods } from '../../src/guest/git.ts';
import { GuestRepository } from '../../src/guest/git-repository.ts';
import { bringRepository, fetchCommits, type RepositoryPlace } from '../../src/session/repository.ts';
import { Turns } from '../../src/session/turns.ts';
import { Line } from '../channel/line.ts';
import { GitScene, write } from '../exchange/git/scene.ts';

const DONE = Promise.resolve();
const FOREVER = new AbortController().signal;

/** A session's place on a scene, its guest behind a real socket. */
async function placeOn(scene: GitScene, methods = guestOf(scene)) {
  const line = await Line.join({ guest: serve(methods) });
  const notes: string[] = [];
  const state = join(scene.home, 'state');
  mkdirSync(state, { recursive: true });
  const place: RepositoryPlace = {
    folder: { root: scene.home, state },
    machineName: 'default',
    connection: line.host,
    root: scene.root,
    project: { path: '/home/portable/projects/x', key: 'x' },
    session: 's1',
    gitCommits: undefined,
    turns: new Turns(),
    progress: (event: ProgressEvent) => {
      if (event.type === 'note') notes.push(event.text);
    },
  };
  return { place, notes, line, [Symbol.asyncDispose]: () => line[Symbol.asyncDispose]() };
}

function guestOf(scene: GitScene): Record<string, Method> {
  return gitMethods(
    () => new GuestRepository(scene.copy, { home: join(scene.home, 'daemon'), as: undefined }),
  );
}

describe("a session's git", { timeout: 60_000 }, () => {
  it('goes there and back over the channel', async () => {
    using scene = new GitScene();
    scene.commit(
      scene.root,
      { 'large.txt': Array.from({ length: 9000 }, (_x, i) => `${i * 7919}`).join('\n') },
      'x',
    );
    scene.copyFiles(scene.root, scene.copy);
    await using at = await placeOn(scene);
    const brought = await bringRepository(at.place, DONE, FOREVER);
    assert.equal(scene.inGuest('status', '--porcelain'), '');
    const tip = scene.commitInGuest({ 'a.txt': 'two\n' }, 'by the guest');
    const commits = await fetchCommits(at.place, brought, DONE);
    assert.deepEqual(commits, [{ ref: 'refs/pcoder/s1/main', count: 1, subjects: ['by the guest'] }]);
    assert.equal(scene.host('rev-parse', 'refs/pcoder/s1/main'), tip);
    assert.deepEqual(at.notes, []);
  });

  it('writes into the guest when its files are there, and not before', async () => {
    using scene = new GitScene();
    await using at = await placeOn(scene);
    const files = Promise.withResolvers<void>();
    const bringing = bringRepository(at.place, files.promise, FOREVER);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.throws(() => scene.inGuest('rev-parse', '--resolve-git-dir', '.git'));
    scene.copyFiles(scene.root, scene.copy);
    files.resolve();
    await bringing;
    assert.equal(scene.inGuest('status', '--porcelain'), '');
  });

  it('that cannot take part says why once and lets the session go on', async () => {
    using scene = new GitScene();
    scene.host('config', 'remote.origin.promisor', 'true');
    await using at = await placeOn(scene);
    for (let each = 0; each < 2; each++) {
      const brought = await bringRepository(at.place, DONE, FOREVER);
      assert.equal(brought, undefined);
      assert.deepEqual(await fetchCommits(at.place, brought, DONE), []);
    }
    assert.deepEqual(at.notes, [
      'git takes no part: it is a partial clone: objects are missing on the host itself; files are exchanged all the same',
    ]);
    scene.host('config', '--unset', 'remote.origin.promisor');
    assert.ok(await bringRepository(at.place, DONE, FOREVER));
  });

  it('of a guest without git, or one that fails, ends nothing', async () => {
    using scene = new GitScene();
    await using at = await placeOn(scene, {});
    assert.equal(await bringRepository(at.place, DONE, FOREVER), undefined);
    assert.match(at.notes.join(), /git takes no part: no method "git-state"/);
    await using real = await placeOn(scene);
    scene.copyFiles(scene.root, scene.copy);
    const brought = await bringRepository(real.place, DONE, FOREVER);
    await real.line[Symbol.asyncDispose]();
    assert.deepEqual(await fetchCommits(real.place, brought, DONE), []);
    assert.match(real.notes.join(), /the commits of this session stay in the guest/);
  });

  it('does not hide why the files did not come', async () => {
    using scene = new GitScene();
    await using at = await placeOn(scene);
    const files = Promise.reject(new Fault('exchange-refused', 'the project was emptied'));
    await assert.rejects(bringRepository(at.place, files, FOREVER), /emptied/);
    assert.deepEqual(at.notes, []);
  });

  it('does nothing when it is switched off, by the command or by the settings', async () => {
    using scene = new GitScene();
    await using at = await placeOn(scene);
    assert.equal(await bringRepository({ ...at.place, gitCommits: 'none' }, DONE, FOREVER), undefined);
    write(scene.home, 'state/settings.json', '{"gitCommits":"none"}');
    assert.equal(await bringRepository(at.place, DONE, FOREVER), undefined);
    assert.throws(() => scene.inGuest('rev-parse', '--resolve-git-dir', '.git'));
  });

  it('is not there for a project without a repository', async () => {
    using scene = new GitScene();
    await using at = await placeOn(scene);
    const root = join(scene.home, 'plain');
    mkdirSync(root);
    assert.equal(await bringRepository({ ...at.place, root }, DONE, FOREVER), undefined);
    assert.deepEqual(at.notes, []);
  });
});
