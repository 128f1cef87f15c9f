import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { contents, remove, write } from '../scene.ts';
import { assertNotTorn, CutOffScene, visibleIn } from './cut-off-scene.ts';
import { diesAt, failsAt } from './dying.ts';
import { install } from './fs-calls.ts';
import { KINDS, type Operation, perform } from './operations.ts';

const EVERYTHING: readonly Operation[] = KINDS.map((kind) => ({ kind, nth: 0 }));

/** Flushes of a real disk take long: there, not every call is tried unless all are asked for. */
const stepOn = (isApart: boolean) => (isApart && process.env['PCODER_CRASHES'] !== 'all' ? 5 : 1);

before(install);

describe('an undo that dies at any call of the file system', () => {
  for (const isApart of [false, true]) {
    test(`leaves old or new, and the next completes it, kept ${where(isApart)}`, async () => {
      using scene = await changedByGuest(isApart);
      const { before, after } = await bothEnds(scene);
      let at = 0;
      for (; ; at += stepOn(isApart)) {
        using copy = scene.copy();
        if (!(await diesAt(at, 'both', () => copy.undo('s1', 'u1')))) break;
        const told = `dies at ${at}`;
        assertNotTorn(visibleIn(copy.host), { before: after, after: before }, { absent: () => false, told });
        assert.deepEqual((await copy.undo('s1', 'u2')).left, [], told);
        assert.deepEqual(contents(copy.host), before, told);
        if (copy.hasChanges('u2')) await copy.undo('u2', 'u3');
        if (copy.hasChanges('u1')) await copy.undo('u1', 'u4');
        assert.deepEqual(visibleIn(copy.host), after, `${told}: the undo is not undone`);
      }
      assert.ok(at > 50, `only ${at} calls`);
    });
  }
});

describe('an undo for which a folder has to make room for a file', () => {
  test('is completed by the next, wherever it dies', async () => {
    using scene = await agreed();
    remove(scene.guest, 'type-0');
    const before = visibleIn(scene.host);
    await scene.pass('s1');
    write(scene.guest, 'type-0/inner', 'new');
    await scene.passAgain('s1');
    const after = visibleIn(scene.host);
    assert.equal(after['type-0/inner'], 'new');
    let at = 0;
    for (; ; at += 1) {
      using copy = scene.copy();
      if (!(await diesAt(at, 'both', () => copy.undo('s1', 'u1')))) break;
      const told = `dies at ${at}`;
      const isSwapped = (path: string) => path.startsWith('type-0');
      assertNotTorn(visibleIn(copy.host), { before: after, after: before }, { absent: isSwapped, told });
      for (const content of ['old 0', 'new'])
        assert.ok(copy.kept().has(content) || Object.values(visibleIn(copy.host)).includes(content), told);
      assert.deepEqual((await copy.undo('s1', 'u2')).left, [], told);
      assert.deepEqual(contents(copy.host), before, told);
    }
    assert.ok(at > 20, `only ${at} calls`);
  });
});

describe('an exchange that dies, and so does the one that tidies up after it', () => {
  test('is completed by the third', async () => {
    using scene = await agreed();
    for (const operation of EVERYTHING) perform(scene.guest, operation);
    const before = visibleIn(scene.host);
    // In the middle of what it changes, where the most is left to be done.
    for (const first of [20, 35, 50, 65, 80]) {
      using cut = scene.copy();
      assert.ok(await diesAt(first, 'both', () => cut.pass('s1')));
      let at = 0;
      for (; at < 30; at += 3) {
        using copy = cut.copy();
        if (!(await diesAt(at, 'both', () => copy.pass('s2')))) break;
        await copy.pass('s3');
        assert.deepEqual(contents(copy.host), contents(copy.guest));
        for (const session of ['s3', 's2', 's1'])
          if (copy.hasChanges(session)) assert.deepEqual((await copy.undo(session, `u-${session}`)).left, []);
        assert.deepEqual(contents(copy.host), before, `dies at ${first} and then at ${at}`);
      }
      assert.ok(at > 0);
    }
  });
});

describe('an exchange on a full disk', () => {
  for (const isApart of [false, true]) {
    test(`replaces nothing that it cannot keep, wherever it fails, kept ${where(isApart)}`, async () => {
      using scene = await agreed(isApart);
      for (const operation of EVERYTHING) perform(scene.guest, operation);
      const before = visibleIn(scene.host);
      let at = 0;
      for (; ; at += stepOn(isApart)) {
        using copy = scene.copy();
        if (!(await failsAt(at, () => copy.pass('s1')))) break;
        const told = `fails at ${at}`;
        await copy.pass('s2');
        assert.deepEqual(contents(copy.host), contents(copy.guest), told);
        for (const session of ['s2', 's1'])
          if (copy.hasChanges(session))
            assert.deepEqual((await copy.undo(session, `u-${session}`)).left, [], told);
        assert.deepEqual(contents(copy.host), before, told);
      }
      assert.ok(at > 80, `only ${at} calls`);
    });
  }
});

function where(isApart: boolean): string {
  return isApart ? 'on another disk' : 'on the same disk';
}

async function agreed(isApart = false): Promise<CutOffScene> {
  return await CutOffScene.agreedOn(EVERYTHING, isApart);
}

async function changedByGuest(isApart: boolean): Promise<CutOffScene> {
  const scene = await agreed(isApart);
  for (const operation of EVERYTHING) perform(scene.guest, operation);
  await scene.pass('s1');
  return scene;
}

async function bothEnds(scene: CutOffScene) {
  const after = visibleIn(scene.host);
  using copy = scene.copy();
  assert.deepEqual((await copy.undo('s1', 'u1')).left, []);
  return { before: visibleIn(copy.host), after };
}
