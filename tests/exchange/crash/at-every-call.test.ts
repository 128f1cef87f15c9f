import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { contents } from '../scene.ts';
import { assertNotTorn, CutOffScene, visibleIn } from './cut-off-scene.ts';
import { diesAt } from './dying.ts';
import { install, type Side } from './fs-calls.ts';
import { chosenSelections, type Operation, perform } from './operations.ts';

before(install);

describe('an exchange that dies at any call of the file system', () => {
  for (const dies of ['host', 'guest', 'both'] as const) {
    for (const from of ['guest', 'host'] as const) {
      test(`(${dies} dies, ${from} has changed) leaves old or new, and the next completes it without loss`, async (t) => {
        let crashes = 0;
        for (const operations of chosenSelections()) crashes += await dieEverywhere(operations, from, dies);
        t.diagnostic(`${crashes} crashes`);
        assert.ok(crashes > 0 || (dies === 'guest' && from === 'guest'));
      });
    }
  }
});

interface Expected {
  host: Record<'before' | 'after', Record<string, string>>;
  guest: Record<'before' | 'after', Record<string, string>>;
}

/** @returns how many calls there were to die at */
async function dieEverywhere(
  operations: readonly Operation[],
  from: Side,
  dies: Side | 'both',
): Promise<number> {
  using scene = await CutOffScene.agreedOn(operations);
  for (const operation of operations) perform(scene[from], operation);
  const expected = await expectation(scene);
  for (let at = 0; ; at += 1) {
    using copy = scene.copy();
    if (!(await diesAt(at, dies, () => copy.pass('s1')))) return at;
    await assertRecovered(
      copy,
      expected,
      `${JSON.stringify(operations)} from ${from}, ${dies} dies at ${at}`,
    );
  }
}

async function expectation(scene: CutOffScene): Promise<Expected> {
  const before = { host: visibleIn(scene.host), guest: visibleIn(scene.guest) };
  using whole = scene.copy();
  await whole.pass('s1');
  const host = { before: before.host, after: visibleIn(whole.host) };
  assert.deepEqual(visibleIn(whole.guest), host.after);
  return { host, guest: { before: before.guest, after: host.after } };
}

async function assertRecovered(scene: CutOffScene, expected: Expected, told: string): Promise<void> {
  assertNotTorn(visibleIn(scene.host), expected.host, { absent: () => false, told });
  // The guest makes room for something of another type; both versions are on the host then.
  assertNotTorn(visibleIn(scene.guest), expected.guest, { absent: (path) => path.startsWith('type-'), told });
  const kept = scene.kept();
  const there = visibleIn(scene.host);
  for (const [path, content] of Object.entries(expected.host.before))
    assert.ok(there[path] === content || isName(content) || kept.has(content), `${told}: lost ${path}`);

  // The same session, so that conflict copies have the same names.
  await scene.pass('s1');
  const [host = {}, guest = {}] = contentsOf(scene);
  assert.deepEqual(guest, host, told);
  // Of a type the host had changed, the guest's old version may be kept once more: that it is an old one is forgotten first.
  for (const path of Object.keys(host))
    if (!(path in expected.host.after) && path.startsWith('type-') && path.includes('.pcoder-conflict-'))
      delete host[path];
  assert.deepEqual(host, expected.host.after, told);
  const again = await scene.passAgain('s1');
  assert.deepEqual([again.toGuest, again.toHost, again.conflicts], [[], [], []], told);
  if (scene.hasChanges('s1')) assert.deepEqual((await scene.undo('s1', 'u1')).left, [], told);
  assert.deepEqual(visibleIn(scene.host), expected.host.before, told);
}

/** What stands in the journal and not in a file of its own: folders and where links lead. */
function isName(content: string): boolean {
  return content === '/' || content.startsWith('→');
}

/** With all that is there, left-overs included. */
function contentsOf(scene: CutOffScene): Record<string, string>[] {
  return [contents(scene.host), contents(scene.guest)];
}
