import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Changes, type Plan, type ReconcileInput, reconcile } from '../../src/exchange/reconcile.ts';
import { type Entry, movedEntry, sameEntry, type Tree } from '../../src/exchange/shared/entry.ts';
import { isWithin, parentOf } from '../../src/exchange/shared/path.ts';

const RUNS = { numRuns: Number(process.env.PCODER_PROPERTY_RUNS ?? 2000) };

describe('reconcile', () => {
  test('makes both sides the agreed tree, and a second pass is empty', () => {
    fc.assert(
      fc.property(trees, trees, trees, (base, host, guest) => {
        const plan = reconcile(input({ base, host, guest }));
        const after = carryOut(plan, host, guest);
        assert.deepEqual(sorted(after.host), sorted(plan.agreed));
        assert.deepEqual(sorted(after.guest), sorted(plan.agreed));
        assertEmpty(reconcile(input({ base: plan.agreed, ...after })));
      }),
      RUNS,
    );
  });

  test('what the host changed stays where it is, and what the guest changed is somewhere on the host', () => {
    fc.assert(
      fc.property(trees, trees, trees, (base, host, guest) => {
        const after = carryOut(reconcile(input({ base, host, guest })), host, guest);
        for (const [path, entry] of host) {
          if (entry.type === 'file' && !sameEntry(base.get(path), entry))
            assert.deepEqual(after.host.get(path), entry);
        }
        const kept = new Set([...after.host.values()].map(substance));
        for (const [path, entry] of guest) {
          if (entry.type === 'folder' || sameEntry(base.get(path), entry)) continue;
          assert.ok(kept.has(substance(entry)), `${path} of the guest was lost`);
        }
      }),
      RUNS,
    );
  });

  test('without a base nothing that either side has is lost or removed', () => {
    fc.assert(
      fc.property(trees, trees, (host, guest) => {
        const plan = reconcile(input({ base: new Map(), host, guest }));
        const after = carryOut(plan, host, guest);
        assert.deepEqual(plan.toHost.removals, []);
        const kept = new Set([...after.host.values()].map(substance));
        for (const entry of [...host.values(), ...guest.values()]) {
          if (entry.type !== 'folder') assert.ok(kept.has(substance(entry)));
        }
      }),
      RUNS,
    );
  });

  test('what is held stays as it is on both sides, with all below it', () => {
    fc.assert(
      fc.property(trees, trees, trees, fc.uniqueArray(paths, { maxLength: 3 }), (base, host, guest, list) => {
        const held = new Set(list);
        const plan = reconcile(input({ base, host, guest, held }));
        const after = carryOut(plan, host, guest, held);
        for (const path of new Set([...host.keys(), ...guest.keys()])) {
          if (!list.some((top) => isWithin(path, top))) continue;
          assert.deepEqual(after.host.get(path), host.get(path));
          assert.deepEqual(after.guest.get(path), guest.get(path));
        }
        assertEmpty(reconcile(input({ base: plan.agreed, ...after, held })));
      }),
      RUNS,
    );
  });

  test('a conflict copy an interrupted run has left is not made twice', () => {
    const host = tree(file('f', 'h'), file('f.pcoder-conflict-s-1', 'g'));
    const plan = reconcile(input({ base: tree(file('f', 'b')), host, guest: tree(file('f', 'g')) }));
    assert.deepEqual(plan.toHost.puts, []);
    assert.deepEqual(
      plan.toGuest.puts.map(({ entry }) => entry.path),
      ['f', 'f.pcoder-conflict-s-1'],
    );
  });
});

function input(
  some: Partial<ReconcileInput> & Pick<ReconcileInput, 'base' | 'host' | 'guest'>,
): ReconcileInput {
  return { held: new Set(), session: 's', ...some };
}

/** Does what the plan says, checking that each step is possible and finds what it expects. */
function carryOut(
  plan: Plan,
  host: Tree,
  guest: Tree,
  held: ReadonlySet<string> = new Set(),
): { host: Tree; guest: Tree } {
  const [newHost, newGuest] = [new Map(host), new Map(guest)];
  putAll(newHost, plan.toHost, guest, held);
  removeAll(newHost, plan.toHost);
  removeAll(newGuest, plan.toGuest);
  putAll(newGuest, plan.toGuest, newHost, held);
  return { host: newHost, guest: newGuest };
}

function putAll(to: Tree, { puts }: Changes, from: Tree, held: ReadonlySet<string>): void {
  for (const { entry, source, was } of puts) {
    assert.ok(sameEntry(to.get(entry.path), was), `${entry.path} is not as expected`);
    const given = from.get(source);
    assert.ok(given !== undefined && sameEntry(given, entry), `${source} is not there to give`);
    const parent = parentOf(entry.path);
    assert.ok(parent === '' || to.get(parent)?.type === 'folder', `no folder for ${entry.path}`);
    assert.ok(!held.has(entry.path));
    to.set(entry.path, movedEntry(given, entry.path));
  }
}

function removeAll(from: Tree, { removals }: Changes): void {
  for (const was of removals) {
    assert.ok(sameEntry(from.get(was.path), was));
    assert.ok(
      ![...from.keys()].some((path) => path !== was.path && isWithin(path, was.path)),
      `${was.path} is not empty`,
    );
    from.delete(was.path);
  }
}

function assertEmpty({ toHost, toGuest, conflicts }: Plan): void {
  assert.deepEqual({ toHost, toGuest, conflicts }, { toHost: NOTHING, toGuest: NOTHING, conflicts: [] });
}

const NOTHING: Changes = { puts: [], removals: [] };

function substance(entry: Entry): string {
  if (entry.type === 'file') return entry.digest;
  return entry.type === 'link' ? `→ ${entry.target}` : '/';
}

function sorted(tree: Tree): Entry[] {
  return [...tree.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function file(path: string, content: string, exec = false): Entry {
  return { path, type: 'file', exec, size: content.length, digest: content };
}

function tree(...entries: Entry[]): Tree {
  return new Map(entries.map((entry) => [entry.path, entry]));
}

const name = fc.constantFrom('a', 'b', 'c');
const paths = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const leaf = fc.oneof(
  { weight: 4, arbitrary: fc.record({ digest: fc.constantFrom('1', '2', '3'), exec: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ target: fc.constantFrom('x', 'y') }) },
  { weight: 2, arbitrary: fc.constant('folder' as const) },
);

/** Trees of up to three levels of the same few names and contents, so that the three of them meet in every way. */
const trees: fc.Arbitrary<Tree> = fc.array(fc.tuple(paths, leaf), { maxLength: 10 }).map((list) => {
  const made: Tree = new Map();
  for (const [path, what] of list) {
    if (made.has(path) || !makeParents(made, parentOf(path))) continue;
    if (what === 'folder') made.set(path, { path, type: 'folder' });
    else if ('target' in what) made.set(path, { path, type: 'link', target: what.target });
    else made.set(path, file(path, what.digest, what.exec));
  }
  return made;
});

function makeParents(tree: Tree, folder: string): boolean {
  if (folder === '') return true;
  const found = tree.get(folder);
  if (found !== undefined) return found.type === 'folder';
  if (!makeParents(tree, parentOf(folder))) return false;
  tree.set(folder, { path: folder, type: 'folder' });
  return true;
}
