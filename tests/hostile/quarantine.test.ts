import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Quarantine } from '../../src/exchange/quarantine/quarantine.ts';
import { RULES } from '../../src/exchange/quarantine/rules.ts';
import { splitChanges } from '../../src/exchange/quarantine/split.ts';
import { reconcile } from '../../src/exchange/reconcile.ts';
import type { Tree } from '../../src/exchange/shared/entry.ts';
import { isWithin, parentOf } from '../../src/exchange/shared/path.ts';
import { type Claim, file, folder, link } from './claims.ts';

/** Group G: every path of the list, touched by a guest in every way; held, nothing of it is planned for the host. */
const LIST = new Quarantine();

const WAYS: Record<string, (path: string) => { base: Claim[]; guest: Claim[]; held?: string }> = {
  'made, where there is none yet': (path) => ({ base: [], guest: [file(path)] }),
  'made executable': (path) => ({ base: [file(path, 'x')], guest: [file(path, 'x', true)] }),
  changed: (path) => ({ base: [file(path, '1')], guest: [file(path, '2')] }),
  removed: (path) => ({ base: [file(path)], guest: [] }),
  'made a link': (path) => ({ base: [], guest: [link(path, 'fine'.padStart(4))] }),
  'made a link in place of the file': (path) => ({ base: [file(path)], guest: [link(path, 'fine')] }),
  'made a folder in place of the file': (path) => ({
    base: [file(path)],
    guest: [folder(path), file(`${path}/x`)],
  }),
  'made deep below': (path) => ({ base: [], guest: [file(`a/b/${path}`)], held: `a/b/${path}` }),
  'made in capitals': (path) => ({ base: [], guest: [file(path.toUpperCase())], held: path.toUpperCase() }),
  'made with an invisible letter in its name': (path) => ({
    base: [],
    guest: [file(`${path}\u200b`)],
    held: `${path}\u200b`,
  }),
};

describe('what could run on the host', () => {
  for (const { by, paths, byContent = false } of RULES) {
    for (const [way, touch] of Object.entries(WAYS)) {
      // Removed, nothing of a file that is judged by its content can run.
      if (byContent && way === 'removed') continue;
      test(`by ${by} waits when ${way} (${paths[0]} and ${paths.length - 1} more)`, () => {
        for (const pattern of paths) {
          const path = `${pattern.replaceAll('*', 'x')}${pattern.endsWith('/') ? 'inside' : ''}`;
          const { base, guest, held = path } = touch(path);
          assertHeld(treeOf(base), treeOf([...guest, file('fine')]), held);
        }
      });
    }
  }
});

function assertHeld(base: Tree, guest: Tree, path: string): void {
  const { wait, read } = splitChanges({ base, host: base, guest }, LIST);
  const held = new Set([...wait, ...read].map((change) => change.path));
  assert.ok(held.has(path), path);
  const { toHost } = reconcile({ base, host: base, guest, held, session: 's' });
  const touched = [
    ...toHost.puts.map(({ entry }) => entry.path),
    ...toHost.removals.map((entry) => entry.path),
  ];
  assert.deepEqual(
    touched.filter((one) => isWithin(one, path)),
    [],
  );
  assert.ok(touched.includes('fine'), 'the rest goes on');
}

function treeOf(claims: readonly Claim[]): Tree {
  const tree: Tree = new Map();
  const add = ({ entry }: Claim): void => {
    const parent = parentOf(entry.path);
    if (parent !== '' && !tree.has(parent)) add(folder(parent));
    tree.set(entry.path, entry);
  };
  for (const claim of claims) add(claim);
  return tree;
}
