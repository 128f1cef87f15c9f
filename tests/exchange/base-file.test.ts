import assert from 'node:assert/strict';
import { appendFileSync, linkSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { BaseFile } from '../../src/exchange/base-file.ts';
import type { Entry, Tree } from '../../src/exchange/shared/entry.ts';

describe('the last agreed tree', () => {
  let home: string;
  let path: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'base-'));
    path = join(home, 'exchange/base.jsonl');
  });
  afterEach(() => rmSync(home, { recursive: true }));

  test('is what was agreed last, through any number of agreements', async () => {
    const base = await BaseFile.open(path);
    for (const names of [['a', 'b'], ['a', 'b', 'c'], ['c'], [], ['d']]) {
      await base.agree(tree(...names), new Map());
      assert.deepEqual([...(await BaseFile.open(path)).tree.keys()].sort(), names);
    }
  });

  test('grows by what changed, and is written anew before it is mostly history', async () => {
    const many = Array.from({ length: 50 }, (_, index) => `f${index}`);
    const base = await BaseFile.open(path);
    await base.agree(tree(...many), new Map());
    const before = lines();
    await base.agree(tree(...many, 'g'), new Map());
    assert.equal(lines(), before + 1);
    for (let n = 0; n < 1200; n += 1) await base.agree(tree(...many, `g${n}`), new Map());
    assert.ok(lines() < 1400);
    assert.ok((await BaseFile.open(path)).tree.has('g1199'));
  });

  test('torn by a crash is the agreement before, and can be gone on from', async () => {
    const base = await BaseFile.open(path);
    await base.agree(tree('a'), new Map());
    await base.agree(tree('a', 'b'), new Map());
    truncateSync(path, readFileSync(path).length - 10);
    const again = await BaseFile.open(path);
    assert.deepEqual([...again.tree.keys()], ['a']);
    await again.agree(tree('a', 'c'), new Map());
    assert.deepEqual([...(await BaseFile.open(path)).tree.keys()], ['a', 'c']);
  });

  test('damaged in the middle, or of another format, is no agreement at all', async () => {
    const base = await BaseFile.open(path);
    await base.agree(tree('a'), new Map());
    appendFileSync(path, '{"entry":{"path":"b"}}\n{"gone":"a"}\n');
    assert.equal((await BaseFile.open(path)).tree.size, 0);
  });

  test('shared with a fork by a hard link is never written into', async () => {
    const base = await BaseFile.open(path);
    await base.agree(tree('a'), new Map());
    const other = join(home, 'fork.jsonl');
    linkSync(path, other);
    await base.agree(tree('a', 'b'), new Map());
    assert.deepEqual([...(await BaseFile.open(other)).tree.keys()], ['a']);
    assert.deepEqual([...(await BaseFile.open(path)).tree.keys()], ['a', 'b']);
  });

  function lines(): number {
    return readFileSync(path, 'utf8').split('\n').length - 1;
  }
});

function tree(...names: string[]): Tree {
  return new Map(
    names.map((path): [string, Entry] => [
      path,
      { path, type: 'file', exec: false, size: 1, digest: 'a'.repeat(64) },
    ]),
  );
}
