import assert from 'node:assert/strict';
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { contents, link, remove, write } from '../scene.ts';
import { UndoScene } from './undo-scene.ts';

const OTHER_DISK = '/dev/shm';

describe('undoing a session', () => {
  for (const [where, state] of [
    ['on the same disk', undefined],
    ['on another disk', OTHER_DISK],
  ] as const) {
    test(`brings back every kind of change, kept ${where}`, async (t) => {
      if (state !== undefined && !isAnotherDisk(state)) return t.skip('there is no second file system here');
      const own = state === undefined ? undefined : mkdtempSync(join(state, 'undo-'));
      try {
        using scene = new UndoScene(own);
        const before = await changedEverywhere(scene);
        const after = contents(scene.host);
        const undone = await scene.undo('s1');
        assert.deepEqual(contents(scene.host), before);
        assert.deepEqual(undone.left, []);
        assert.deepEqual(undone.removed.sort(), ['made', 'made/new']);
        assert.equal(statSync(join(scene.host, 'secret')).mode & 0o777, 0o600);
        assert.equal(statSync(join(scene.host, 'gone-secret')).mode & 0o777, 0o640);
        // An undo is a session like any other.
        assert.deepEqual((await scene.undo('undo-1')).left, []);
        assert.deepEqual(contents(scene.host), after);
      } finally {
        if (own !== undefined) rmSync(own, { recursive: true });
      }
    });
  }

  test('goes on to the guest with the next exchange', async () => {
    using scene = new UndoScene();
    const before = await changedEverywhere(scene);
    await scene.undo('s1');
    const report = await scene.pass('s2');
    assert.deepEqual([report.toHost, report.conflicts], [[], []]);
    assert.deepEqual(contents(scene.guest), before);
  });

  test('leaves what was changed since, and says where the old content is', async () => {
    using scene = new UndoScene();
    await changedEverywhere(scene);
    write(scene.host, 'changed', 'by hand');
    write(scene.host, 'made/mine', 'by hand');
    write(scene.host, 'gone', 'by hand');
    const { left } = await scene.undo('s1');
    const host = contents(scene.host);
    assert.deepEqual(
      [host.changed, host['made/mine'], host.gone, host['made/new']],
      ['by hand', 'by hand', 'by hand', undefined],
    );
    assert.deepEqual(left.map(({ path, reason }) => [path, reason]).sort(), [
      ['changed', 'changed'],
      ['gone', 'changed'],
      ['made', 'not-empty'],
    ]);
    const kept = left.find(({ path }) => path === 'changed')?.kept ?? '';
    assert.equal(readFileSync(kept, 'utf8'), 'changed');
  });

  test('with paths brings back only these, with the folders they are in', async () => {
    using scene = new UndoScene();
    await changedEverywhere(scene);
    await scene.undo('s1', { isChosen: (path) => path === 'dir/x' });
    const host = contents(scene.host);
    assert.deepEqual([host.dir, host['dir/x'], host['dir/y']], ['/', 'dir/x', undefined]);
    assert.equal(host.changed, 'by the guest');
  });

  test('brings back what a person wrote while the session ran, not what was before that', async () => {
    using scene = new UndoScene();
    write(scene.host, 'f', 'v0');
    write(scene.host, 'other');
    await scene.pass('s0');
    write(scene.guest, 'f', 'v1');
    await scene.pass('s1');
    write(scene.host, 'f', 'by hand');
    await scene.pass('s1');
    write(scene.guest, 'f', 'v3');
    await scene.pass('s1');
    write(scene.guest, 'f', 'v4');
    await scene.pass('s1');
    await scene.undo('s1');
    assert.equal(contents(scene.host).f, 'by hand');
  });

  test('of a file that became a folder over two exchanges, and back', async () => {
    using scene = new UndoScene();
    write(scene.host, 'x', 'file');
    write(scene.host, 'rest');
    await scene.pass('s0');
    remove(scene.guest, 'x');
    await scene.pass('s1');
    write(scene.guest, 'x/inner', 'inner');
    await scene.pass('s1');
    await scene.undo('s1');
    assert.deepEqual(contents(scene.host), { rest: 'rest', x: 'file' });
    await scene.undo('undo-1');
    assert.deepEqual(contents(scene.host), { rest: 'rest', x: '/', 'x/inner': 'inner' });
  });

  test('brings nothing back from a kept file that was written to', async () => {
    using scene = new UndoScene();
    await changedEverywhere(scene);
    for (const name of readdirSync(scene.names('s1').trash))
      writeFileSync(join(scene.names('s1').trash, name), 'spoilt');
    const { left } = await scene.undo('s1');
    assert.ok(left.every(({ reason, kept }) => reason === 'not-kept' && kept === undefined));
    assert.equal(contents(scene.host).changed, 'by the guest');
  });

  test('does not depend on a second name a file had', async () => {
    using scene = new UndoScene();
    write(scene.host, 'a', 'old');
    write(scene.host, 'rest');
    linkSync(join(scene.host, 'a'), join(scene.home, 'elsewhere'));
    await scene.pass('s0');
    write(scene.guest, 'a', 'new');
    await scene.pass('s1');
    writeFileSync(join(scene.home, 'elsewhere'), 'spoilt');
    await scene.undo('s1');
    assert.equal(contents(scene.host).a, 'old');
  });

  test('a session that changed nothing leaves nothing, and an undo with nothing to do neither', async () => {
    using scene = new UndoScene();
    write(scene.host, 'a');
    await scene.pass('s0');
    assert.deepEqual(readdirSync(scene.folder.state), []);
    await assert.rejects(scene.undo('s0'), { code: 'session-unknown' });
    write(scene.guest, 'a', 'new');
    await scene.pass('s1');
    await scene.undo('s1');
    assert.deepEqual((await scene.undo('s1')).already, ['a']);
    assert.deepEqual(readdirSync(join(scene.folder.state, 'sessions')).sort(), ['s1', 'undo-2']);
  });
});

describe('while files are kept', () => {
  test('what an editor saves at the very moment of a removal is not removed', async () => {
    using scene = new UndoScene();
    for (const name of ['a', 'b']) write(scene.host, name);
    await scene.pass('s0');
    remove(scene.guest, 'a');
    await scene.pass('s1', {
      effect: (what) => {
        if (what !== 'remove a') return;
        write(scene.home, 'saved', 'just saved');
        renameSync(join(scene.home, 'saved'), join(scene.host, 'a'));
      },
    });
    assert.equal(contents(scene.host).a, 'just saved');
    assert.equal((await scene.undo('s1').catch(({ code }) => code)).restored?.length ?? 0, 0);
    await scene.pass('s2');
    assert.equal(contents(scene.guest).a, 'just saved');
  });

  test('nothing is changed where nothing can be kept', async () => {
    using scene = new UndoScene();
    write(scene.host, 'a', 'old');
    write(scene.host, 'rest');
    await scene.pass('s0');
    write(scene.guest, 'a', 'new');
    remove(scene.guest, 'rest');
    // A file where the session's folder has to be.
    mkdirSync(join(scene.folder.state, 'sessions'), { recursive: true });
    writeFileSync(join(scene.folder.state, 'sessions', 's1'), '');
    await assert.rejects(scene.pass('s1'), { code: 'folder-unwritable' });
    assert.deepEqual(contents(scene.host), { a: 'old', rest: 'rest' });
    await scene.pass('s2');
    assert.equal(contents(scene.host).a, 'new');
  });
});

/** A project that session `s1` changes in every way. @returns what it was before */
async function changedEverywhere(scene: UndoScene): Promise<Record<string, string>> {
  for (const name of ['changed', 'gone', 'dir/x', 'dir/y', 'kept', 'tool', 'secret', 'gone-secret'])
    write(scene.host, name);
  link(scene.host, 'link', 'kept');
  link(scene.host, 'gone-link', 'kept');
  chmodSync(join(scene.host, 'secret'), 0o600);
  chmodSync(join(scene.host, 'gone-secret'), 0o640);
  await scene.pass('s0');
  const before = contents(scene.host);
  for (const name of ['changed', 'secret']) write(scene.guest, name, 'by the guest');
  for (const name of ['gone', 'gone-link', 'gone-secret', 'dir', 'link']) remove(scene.guest, name);
  link(scene.guest, 'link', 'changed');
  chmodSync(join(scene.guest, 'tool'), 0o755);
  write(scene.guest, 'made/new');
  await scene.pass('s1');
  assert.deepEqual(contents(scene.host), contents(scene.guest));
  return before;
}

function isAnotherDisk(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && found.dev !== statSync('/tmp').dev;
}
