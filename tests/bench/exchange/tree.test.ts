import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { changeFiles, makeBigFile, makeTree } from '../../../bench/exchange/tree.ts';

describe('the tree that is carried', () => {
  let top = '';
  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'tree-'));
  });
  afterEach(() => rmSync(top, { recursive: true }));

  test('has so many files with about so many bytes, the same each time, no two alike', () => {
    for (const name of ['a', 'b']) makeTree(join(top, name), 500, 1e6);
    const [a, b] = [files(join(top, 'a')), files(join(top, 'b'))];
    assert.deepEqual(a, b);
    assert.equal(a.size, 500);
    assert.equal(new Set(a.values()).size, 500);
    const bytes = [...a.values()].reduce((sum, { length }) => sum + length, 0);
    assert.ok(bytes > 0.9e6 && bytes < 1.1e6, String(bytes));
  });

  test('changes in as many files as asked for, and anew each round', () => {
    makeTree(top, 500, 1e6);
    const states = [files(top)];
    for (const round of [1, 2]) {
      changeFiles(top, 500, 20, round);
      states.push(files(top));
    }
    const differing = (one = new Map<string, string>(), other = new Map<string, string>()) =>
      [...one].filter(([path, content]) => other.get(path) !== content).length;
    assert.deepEqual([differing(states[0], states[1]), differing(states[1], states[2])], [20, 20]);
  });

  test('a big file has exactly its bytes', () => {
    makeBigFile(join(top, 'big'), 3_000_001);
    assert.equal(statSync(join(top, 'big')).size, 3_000_001);
  });
});

function files(root: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) found.set(path.slice(root.length), readFileSync(path, 'latin1'));
  }
  return found;
}
