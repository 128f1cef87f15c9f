import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Entry } from '../../../src/exchange/shared/entry.ts';
import { type Hints, noHints } from '../../../src/exchange/shared/hints.ts';
import { LookedTree, type Watch } from '../../../src/exchange/shared/looked-tree.ts';

describe('looking again at what was noticed', () => {
  test('finds what looking at everything finds, whatever is done to a tree', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(edit, { maxLength: 5 }), { maxLength: 5 }), async (rounds) => {
        const root = mkdtempSync(join(tmpdir(), 'looked-'));
        try {
          const watch = new PretendedWatch();
          const looked = new LookedTree(root, { watch });
          await looked.look({});
          for (const edits of rounds) {
            for (const { kind, from, to } of edits) {
              const done = attempt(() => EDITS[kind](join(root, from), join(root, to)));
              if (done) for (const path of kind === 'rename' ? [from, to] : [from]) watch.notice(path);
            }
            await looked.look({ noticed: true });
            const whole = new LookedTree(root, {});
            await whole.look({});
            assert.deepEqual(entries(looked), entries(whole));
            assert.deepEqual(sorted(looked.refused), sorted(whole.refused));
          }
        } finally {
          rmSync(root, { recursive: true });
        }
      }),
      { numRuns: 300 },
    );
  });

  test('tells which entries are not what they were, once', async () => {
    const root = mkdtempSync(join(tmpdir(), 'looked-'));
    try {
      writeFileSync(join(root, 'a'), 'a');
      writeFileSync(join(root, 'b'), 'b');
      const watch = new PretendedWatch();
      const looked = new LookedTree(root, { watch });
      await looked.look({});
      assert.deepEqual([...looked.tree.takeChanged()].sort(), ['a', 'b']);
      writeFileSync(join(root, 'a'), 'changed');
      rmSync(join(root, 'b'));
      for (const path of ['a', 'b']) watch.notice(path);
      await looked.look({ noticed: true });
      assert.deepEqual([...looked.tree.takeChanged()].sort(), ['a', 'b']);
      assert.equal(looked.tree.takeChanged().size, 0);
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});

/** Notices just what it is told to, as a kernel would: the names that were touched, in folders that were read. */
class PretendedWatch implements Watch {
  readonly sees = true;
  readonly #read = new Set<string>();
  #hints: Hints = noHints();

  notice(path: string): void {
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
    if (this.#read.has(folder)) this.#hints.entries.add(path);
  }

  enter(folder: string): void {
    this.#read.add(folder);
  }

  watches(folder: string): boolean {
    return this.#read.has(folder);
  }

  keepOnly(isFolder: (path: string) => boolean): void {
    for (const folder of this.#read) if (folder !== '' && !isFolder(folder)) this.#read.delete(folder);
  }

  take(): Hints {
    const hints = this.#hints;
    this.#hints = noHints();
    return hints;
  }
}

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));

const EDITS = {
  write: (from: string) => writeFileSync(from, String(Math.random())),
  folder: (from: string) => mkdirSync(from),
  link: (from: string) => symlinkSync('absent/x', from),
  wild: (from: string) => symlinkSync('/absent/x', from),
  remove: (from: string) => rmSync(from, { recursive: true }),
  rename: (from: string, to: string) => renameSync(from, to),
};

const edit = fc.record({
  kind: fc.constantFrom(...(Object.keys(EDITS) as (keyof typeof EDITS)[])),
  from: path,
  to: path,
});

function attempt(act: () => void): boolean {
  try {
    act();
    return true;
  } catch {
    return false;
  }
}

function entries(looked: LookedTree): Entry[] {
  return sorted([...looked.tree.values()].map(({ entry }) => entry));
}

function sorted<T extends { path: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => (a.path < b.path ? -1 : 1));
}
