import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { FolderTree } from '../../../src/exchange/shared/guest-tree.ts';
import { memoryFolder } from '../../hostile/memory-folder.ts';
import { exchangeOnce } from '../exchange-once.ts';
import { carryOutEdit, contentsOf } from './edits.ts';
import { type Edit, edits } from './steps.ts';

const RUNS = Number(process.env['PCODER_OTHERS_RUNS'] ?? 10);

/** Where their promises and ours are the same, the outcome is. These programs are not part of a build: without them nothing is compared. */
test('what only the host changed arrives as by rsync -a --delete', async (t) => {
  if (!isThere('rsync')) return t.skip('rsync is not installed');
  await fc.assert(
    fc.asyncProperty(edits, edits, async (first, second) => {
      using pair = new Pair();
      for (const list of [first, second]) {
        for (const [n, edit] of list.entries()) carryOutEdit(pair.host, edit, `content ${n}`);
        await pair.exchange();
        run('rsync', ['-a', '--delete', '--checksum', `${pair.host}/`, `${pair.others}/`]);
        assert.deepEqual(tree(pair.guest), tree(pair.others));
        // Later a file may get a new time and the content it had, which is no change here.
        if (list === first) assert.deepEqual(times(pair.guest), times(pair.others));
      }
    }),
    { numRuns: RUNS, seed: 1 },
  );
});

test('what both sides changed in different places is merged as by unison', async (t) => {
  if (!isThere('unison')) return t.skip('unison is not installed');
  await fc.assert(
    fc.asyncProperty(edits, edits, async (first, second) => {
      using pair = new Pair();
      for (const [n, edit] of first.entries()) {
        carryOutEdit(pair.host, inside('host', edit), `content ${n}`);
        carryOutEdit(pair.host, inside('guest', edit), `content ${n}`);
      }
      await pair.exchange();
      // Both programs begin with the same agreement, and with the same edits since.
      cpSync(pair.host, pair.otherHost, { recursive: true, verbatimSymlinks: true });
      cpSync(pair.guest, pair.others, { recursive: true, verbatimSymlinks: true });
      pair.unison();
      for (const [n, edit] of second.entries()) {
        for (const root of [pair.host, pair.otherHost]) carryOutEdit(root, inside('host', edit), `host ${n}`);
        for (const root of [pair.guest, pair.others]) carryOutEdit(root, inside('guest', edit), `guest ${n}`);
      }
      // Here we keep more: a change of type by the guest leaves what the host has.
      fc.pre(!changesType(pair.host, pair.guest));
      await pair.exchange();
      pair.unison();
      assert.deepEqual(tree(pair.host), tree(pair.otherHost));
      assert.deepEqual(tree(pair.guest), tree(pair.others));
      assert.deepEqual(tree(pair.host), tree(pair.guest));
    }),
    { numRuns: RUNS, seed: 1 },
  );
});

/** Two folders of ours and two for the other program. */
class Pair implements Disposable {
  readonly #home = mkdtempSync(join(memoryFolder(), 'others-'));
  readonly host = join(this.#home, 'host');
  readonly guest = join(this.#home, 'guest');
  readonly otherHost = join(this.#home, 'other-host');
  readonly others = join(this.#home, 'others');
  readonly #tree = new FolderTree(this.guest, { session: 's1' });

  constructor() {
    mkdirSync(this.host);
    writeFileSync(join(this.host, 'keep'), 'keep');
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true });
  }

  async exchange(): Promise<void> {
    const { refused } = await exchangeOnce({
      root: this.host,
      base: join(this.#home, 'base'),
      guest: this.#tree,
      session: 's1',
      host: { caseInsensitive: false, windowsNames: false, execBits: true, links: true },
    });
    // Such as links in a circle: they are reported and stay where they are, the others copy them.
    fc.pre(refused.length === 0);
  }

  unison(): void {
    const words = [
      '-batch',
      '-perms',
      '-1',
      '-times',
      '-links',
      'true',
      '-fastcheck',
      'false',
      '-silent',
      '-log=false',
    ];
    run('unison', [this.otherHost, this.others, ...words], { UNISON: join(this.#home, 'unison') });
  }
}

/** Each side has its own part of the project, so that nothing meets. */
function inside(side: 'host' | 'guest', edit: Edit): Edit {
  const path = `part-${side}/${edit.path}`;
  return 'to' in edit ? { ...edit, path, to: `part-${side}/${edit.to}` } : { ...edit, path };
}

function changesType(host: string, guest: string): boolean {
  const former = new Map(contentsOf(host).map(({ path, type }) => [path, type]));
  return contentsOf(guest).some(({ path, type }) => former.has(path) && former.get(path) !== type);
}

function tree(root: string): Record<string, string> {
  return Object.fromEntries(
    contentsOf(root).map(({ path, type, content, exec }) => [path, `${type} ${content}${exec ? ' x' : ''}`]),
  );
}

function times(root: string): Record<string, number> {
  const files = contentsOf(root).filter(({ type }) => type === 'file');
  return Object.fromEntries(
    files.map(({ path }) => [path, Math.floor(lstatSync(join(root, path)).mtimeMs / 1000)]),
  );
}

function run(program: string, words: string[], more: Record<string, string> = {}): void {
  execFileSync(program, words, { env: { ...process.env, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
}

function isThere(program: string): boolean {
  try {
    execFileSync(program, [program === 'unison' ? '-version' : '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
