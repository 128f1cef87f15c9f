import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';

import { join } from 'node:path';
import { describe, test } from 'node:test';
import { isFault } from '../../src/fault/fault.ts';
import { exchangeOnce } from '../exchange/exchange-once.ts';
import { type Claim, file, folder, link } from './claims.ts';
import { write } from './field.ts';
import { LyingGuest } from './lying-guest.ts';
import { memoryFolder } from './memory-folder.ts';
import { changes, snapshot } from './snapshot.ts';

const AGREED: Claim[] = [
  folder('dir'),
  file('dir/old', '1'),
  file('dir/gone', '1'),
  folder('dir/rest'),
  link('dir/way', 'old'),
];
/** All kinds of changes, each with its way of being carried out. */
const CHANGED: Claim[] = [
  folder('dir'),
  file('dir/old', 'new content'),
  file('dir/new', 'new'),
  file('top', 'new', true),
  folder('dir/made'),
  file('dir/made/x', 'new'),
  link('dir/way', 'new'),
  link('dir/other', 'old'),
];

/** What someone on the host, or a program working for the guest, may do right between a check and the change. */
const SWAPS: Record<string, (root: string) => void> = {
  'a folder for a link out of the project': (root) => swap(root, 'dir', '../outside'),
  'a folder for an absolute link': (root) => swap(root, 'dir', join(root, '../outside')),
  'a folder for a link to another one': (root) => swap(root, 'dir', 'other'),
  'a folder for a link to the repository': (root) => swap(root, 'dir', '.git'),
  'a folder that was just made for a link': (root) => swap(root, 'dir/made', '../../outside'),
  'a file for a link to a file outside': (root) => swap(root, 'dir/old', '../../outside/old'),
  'a removed file for a link to a file outside': (root) => swap(root, 'dir/gone', '../../outside/gone'),
  'a new file for a link to a file outside': (root) => swap(root, 'dir/new', '../../outside/new'),
  'a new link for a link out': (root) => swap(root, 'dir/other', '../../outside'),
  'a new file for a link to nothing outside': (root) => swap(root, 'top', '../outside/planted'),
  'the place where files are made for a link': (root) => {
    for (const name of readdirSync(root)) if (name.startsWith('.pcoder-')) swap(root, name, '../outside');
  },
  'a folder for a pipe': (root) => {
    swap(root, 'dir', 'x');
    rmSync(join(root, 'dir'));
    execFileSync('mkfifo', [join(root, 'dir')]);
  },
  'a file for a pipe': (root) => {
    swap(root, 'dir/old', 'x');
    rmSync(join(root, 'dir/old'));
    execFileSync('mkfifo', [join(root, 'dir/old')]);
  },
  'a file for a folder': (root) => {
    swap(root, 'dir/old', 'x');
    rmSync(join(root, 'dir/old'));
    mkdirSync(join(root, 'dir/old'));
  },
  'a folder for nothing': (root) => rmSync(join(root, 'dir'), { recursive: true, force: true }),
};

describe('a path swapped between a check and a change', () => {
  for (const [what, swapIt] of Object.entries(SWAPS)) {
    test(`${what}: nothing outside is made, changed or removed, at whatever moment`, async () => {
      let moments = 0;
      for (let at = 0; await swappedAt(at, swapIt); at += 1) moments += 1;
      assert.ok(moments > 10, `${moments} moments`);
    });
  }
});

/** @returns whether there was such a moment */
async function swappedAt(at: number, swapIt: (root: string) => void): Promise<boolean> {
  const home = mkdtempSync(join(memoryFolder(), 'swapped-'));
  try {
    const root = join(home, 'project');
    for (const name of ['old', 'gone', 'new', 'x', 'way', 'top', 'rest/x', 'made/x', '1'])
      write(home, `outside/${name}`, 'canary');
    for (const path of ['.git/old', '.git/gone', 'other/old', 'other/gone']) write(root, path, '1');
    for (const path of ['dir/old', 'dir/gone']) write(root, path, '1');
    mkdirSync(join(root, 'dir/rest'));
    symlinkSync('old', join(root, 'dir/way'));
    const pass = (claims: Claim[], effect?: (what: string) => void) =>
      exchangeOnce({
        root,
        base: join(home, 'base.json'),
        guest: new LyingGuest([folder('other'), file('other/old', '1'), file('other/gone', '1'), ...claims]),
        session: 's1',
        host: { caseInsensitive: false, windowsNames: false, execBits: true, links: true },
        effect,
      });
    await pass(AGREED);
    const canaries = () => {
      const all = snapshot(home, (path) => !path.startsWith('project') || path.startsWith('project/.git'));
      for (const path of all.keys())
        if (!/^(outside|project\/(\.git|other))(\/|$)/.test(path) || path === 'project/other')
          all.delete(path);
      return all;
    };
    const before = canaries();
    let count = 0;
    await pass(CHANGED, () => {
      if (count === at) swapIt(root);
      count += 1;
    }).catch((error: unknown) => {
      // To give up on the whole is right as well, if it is said.
      if (!isFault(error)) throw error;
    });
    assert.deepEqual(changes(before, canaries()), {}, `at moment ${at}`);
    return count > at;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Puts a link where something is, or is about to be. */
function swap(root: string, path: string, target: string): void {
  const onDisk = join(root, path);
  if (!existsSync(join(onDisk, '..'))) return;
  rmSync(`${root}/../aside`, { recursive: true, force: true });
  if (existsSync(onDisk)) renameSync(onDisk, `${root}/../aside`);
  else rmSync(onDisk, { force: true });
  symlinkSync(target, onDisk);
}
