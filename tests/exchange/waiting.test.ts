import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Quarantine } from '../../src/exchange/quarantine/quarantine.ts';
import type { Entry, Tree } from '../../src/exchange/shared/entry.ts';
import { findWaiting, HOLD_NOTHING, type HoldRules, release, strictest } from '../../src/exchange/waiting.ts';

const REVIEW: HoldRules = { ...HOLD_NOTHING, review: true };
const NO_HOOKS: HoldRules = {
  ...HOLD_NOTHING,
  quarantine: new Quarantine({}, [{ by: 'tests', reason: 'it runs', paths: ['.hooks-*'] }]),
};

describe('what waits', () => {
  test('is every change of the guest when it is under review, and nothing the host changed', () => {
    const base = tree('same', 'changed', 'removed', 'hosts');
    const host = tree('same', 'changed', 'removed', ['hosts', 'by host'], 'new of host');
    const guest = tree('same', ['changed', 'by guest'], 'hosts', 'new of guest');
    const found = findWaiting({ base, host, guest, held: new Set() }, REVIEW).waiting;
    assert.deepEqual(
      found.map(({ path }) => path),
      ['changed', 'new of guest', 'removed'],
    );
    assert.ok(found.every(({ hold }) => hold.why === 'review'));
  });

  test('is nothing that both sides have just so', () => {
    const both = tree(['f', 'new']);
    assert.deepEqual(
      findWaiting({ base: tree('f'), host: both, guest: both, held: new Set() }, REVIEW).waiting,
      [],
    );
  });

  test('is a new, a changed and a removed file of a name that is quarantined, with its reason', () => {
    const base = tree('.hooks-changed', '.hooks-removed', 'f');
    const guest = tree(['.hooks-changed', 'evil'], '.hooks-new', ['f', 'fine']);
    const found = findWaiting({ base, host: base, guest, held: new Set() }, NO_HOOKS).waiting;
    assert.deepEqual(
      found.map(({ path }) => path),
      ['.hooks-changed', '.hooks-new', '.hooks-removed'],
    );
    assert.deepEqual(found[0]?.hold, { why: 'quarantine', reason: 'it runs' });
  });

  test('is the removal of more than the set share of the tree, but not of files that only moved', () => {
    const names = Array.from({ length: 100 }, (_, index) => `f${index}`);
    const base = tree(...names);
    const rules = { ...HOLD_NOTHING, removals: 0.5 };
    const left = (count: number) => ({
      base,
      host: base,
      guest: tree(...names.slice(0, count)),
      held: new Set<string>(),
    });
    assert.equal(findWaiting(left(50), rules).waiting.length, 0);
    assert.equal(findWaiting(left(49), rules).waiting.length, 51);
    const moved = tree(...names.map((name) => [`lib-${name}`, name] as const));
    assert.equal(findWaiting({ base, host: base, guest: moved, held: new Set() }, rules).waiting.length, 0);
  });

  test('is the removal of everything, however little it is and whatever share is allowed', () => {
    const base = tree('a', 'b');
    assert.equal(
      findWaiting({ base, host: base, guest: new Map(), held: new Set() }, HOLD_NOTHING).waiting.length,
      2,
    );
  });

  test('is released together with the new folders above it, and only with those', () => {
    const guest = tree('d/', 'd/e/', 'd/e/f', 'other/', 'other/g');
    const found = findWaiting({ base: new Map(), host: new Map(), guest, held: new Set() }, REVIEW).waiting;
    assert.deepEqual([...release(found, ({ path }) => path === 'd/e/f')].sort(), ['d', 'd/e', 'd/e/f']);
  });

  test('is what any of several rules holds', () => {
    const rules = strictest([NO_HOOKS, { ...REVIEW, removals: 0.1 }]);
    assert.deepEqual([rules.review, rules.removals], [true, 0.1]);
    assert.equal(rules.quarantine, NO_HOOKS.quarantine);
    assert.equal(strictest([]).review, false);
  });
});

function tree(...entries: (string | readonly [string, string])[]): Tree {
  const made: Tree = new Map();
  for (const given of entries) {
    const [path, content] = typeof given === 'string' ? [given, given] : given;
    const entry: Entry = path.endsWith('/')
      ? { path: path.slice(0, -1), type: 'folder' }
      : { path, type: 'file', exec: false, size: content.length, digest: content };
    made.set(entry.path, entry);
  }
  return made;
}
