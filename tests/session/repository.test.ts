import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Method, serve } from '../../src/channel/methods.ts';
import { Fault } from '../../src/fault/fault.ts';
import { gitMethods } from '../../src/guest/git.ts';
import { GuestRepository } from '../../src/guest/git-repository.ts';
import { SessionRepository } from '../../src/session/repository.ts';
import { Line } from '../channel/line.ts';
import { GitScene, write } from '../exchange/git/scene.ts';

const DONE = Promise.resolve();
const FOREVER = new AbortController().signal;

interface Options {
  methods?: Record<string, Method>;
  commits?: 'none' | 'keep';
  root?: string;
}

/** A session's git on a scene, with its guest behind a real socket. */
async function sessionOn(
  scene: GitScene,
  { methods = guestOf(scene), commits, root = scene.root }: Options = {},
) {
  const line = await Line.join({ guest: serve(methods) });
  const notes: string[] = [];
  const state = join(scene.home, 'state');
  mkdirSync(state, { recursive: true });
  const repository = new SessionRepository({
    folder: { root: scene.home, state },
    machineName: 'default',
    session: 's1',
    root,
    project: { path: '/home/portable/projects/x', key: 'x' },
    commits,
    progress: (event) => {
      if (event.type === 'note') notes.push(event.text);
    },
  });
  return {
    notes,
    line,
    arrive: (files: Promise<unknown> = DONE) => repository.arrive(line.host, files, FOREVER),
    async bringBack() {
      await repository.bringBack(line.host, DONE);
      return repository.report;
    },
    [Symbol.asyncDispose]: () => line[Symbol.asyncDispose](),
  };
}

function guestOf(scene: GitScene): Record<string, Method> {
  return gitMethods(
    () => new GuestRepository(scene.copy, { home: join(scene.home, 'daemon'), as: undefined }),
  );
}

describe("a session's git", { timeout: 60_000 }, () => {
  it('goes there and back over the channel', async () => {
    using scene = new GitScene();
    const large = Array.from({ length: 90_000 }, (_x, index) => `${index * 7919}`).join('\n');
    scene.commit(scene.root, { 'large.txt': large }, 'large');
    scene.copyFiles(scene.root, scene.copy);
    await using session = await sessionOn(scene);
    await session.arrive();
    assert.equal(scene.inGuest('status', '--porcelain'), '');
    const tip = scene.commitInGuest(
      { 'a.txt': 'two\n', 'more.txt': large.replaceAll('7', '8') },
      'by the guest',
    );
    assert.deepEqual(await session.bringBack(), {
      commits: [{ ref: 'refs/pcoder/s1/main', count: 1, subjects: ['by the guest'] }],
    });
    assert.equal(scene.host('rev-parse', 'refs/pcoder/s1/main'), tip);
    assert.deepEqual(session.notes, []);
  });

  it('writes into the guest when its files are there, and not before', async () => {
    using scene = new GitScene();
    await using session = await sessionOn(scene);
    const files = Promise.withResolvers<void>();
    const arriving = session.arrive(files.promise);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.throws(() => scene.inGuest('rev-parse', '--resolve-git-dir', '.git'));
    scene.copyFiles(scene.root, scene.copy);
    files.resolve();
    await arriving;
    assert.equal(scene.inGuest('status', '--porcelain'), '');
  });

  it('that cannot take part says why once and lets the session go on', async () => {
    using scene = new GitScene();
    scene.host('config', 'remote.origin.promisor', 'true');
    await using session = await sessionOn(scene);
    for (let each = 0; each < 2; each++) {
      await session.arrive();
      assert.deepEqual(await session.bringBack(), {});
    }
    assert.deepEqual(session.notes, [
      'git takes no part: it is a partial clone: objects are missing on the host itself; files are exchanged all the same',
    ]);
    scene.host('config', '--unset', 'remote.origin.promisor');
    await session.arrive();
    assert.equal(scene.inGuest('rev-parse', 'main'), scene.host('rev-parse', 'main'));
  });

  it('of a guest that does not know git, or that is lost, ends nothing', async () => {
    using scene = new GitScene();
    await using none = await sessionOn(scene, { methods: {} });
    await none.arrive();
    assert.match(none.notes.join(), /git takes no part: no method "git-state"/);
    await using session = await sessionOn(scene);
    scene.copyFiles(scene.root, scene.copy);
    await session.arrive();
    await session.line[Symbol.asyncDispose]();
    assert.deepEqual(await session.bringBack(), {});
    assert.match(session.notes.join(), /the commits of this session stay in the guest/);
  });

  it('does not hide why the files did not come', async () => {
    using scene = new GitScene();
    await using session = await sessionOn(scene);
    const files = Promise.reject(new Fault('exchange-refused', 'the project was emptied'));
    await assert.rejects(session.arrive(files), /emptied/);
    assert.deepEqual(session.notes, []);
  });

  it('does nothing when it is switched off, by the command or by the settings', async () => {
    using scene = new GitScene();
    await using asked = await sessionOn(scene, { commits: 'none' });
    await asked.arrive();
    write(scene.home, 'state/settings.json', '{"gitCommits":"none"}');
    await using set = await sessionOn(scene);
    await set.arrive();
    assert.throws(() => scene.inGuest('rev-parse', '--resolve-git-dir', '.git'));
  });

  it('is not there for a project without a repository', async () => {
    using scene = new GitScene();
    const root = join(scene.home, 'plain');
    mkdirSync(root);
    await using session = await sessionOn(scene, { root });
    await session.arrive();
    assert.deepEqual([session.notes, await session.bringBack()], [[], {}]);
  });
});
