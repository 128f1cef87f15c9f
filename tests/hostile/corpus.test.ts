import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type HostTraits, probeHostTraits } from '../../src/exchange/host-traits.ts';
import type { HostileCase } from './case.ts';
import { COLLISIONS } from './corpus/collisions.ts';
import { GIT_NAMES } from './corpus/git-names.ts';
import { LINKS } from './corpus/links.ts';
import { PATHS } from './corpus/paths.ts';
import { PROTOCOL } from './corpus/protocol.ts';
import { TYPES } from './corpus/types.ts';
import { WINDOWS_NAMES } from './corpus/windows-names.ts';
import { Field, type Ground } from './field.ts';
import { type InsensitiveDisk, insensitiveDisk } from './insensitive-disk.ts';
import { memoryFolder } from './memory-folder.ts';

const GROUPS: readonly (readonly [string, readonly HostileCase[]])[] = [
  ['A: a path out of the project', PATHS],
  ['B: a link', LINKS],
  ['C: a type or figure', TYPES],
  ["D: git's own folder", GIT_NAMES],
  ['E: a name of Windows', WINDOWS_NAMES],
  ['F: names that are one', COLLISIONS],
  ['H: a lie in the protocol', PROTOCOL],
];

const LINUX: HostTraits = { caseInsensitive: false, windowsNames: false, execBits: true, links: true };
const WINDOWS: HostTraits = { caseInsensitive: true, windowsNames: true, execBits: false, links: false };
const MACOS: HostTraits = { caseInsensitive: true, windowsNames: false, execBits: true, links: true };

describe('a hostile guest', () => {
  test('is met with more than 300 cases', () => {
    const count = GROUPS.reduce((sum, [, cases]) => sum + cases.length, 0);
    assert.ok(count >= 300, `${count} cases`);
  });

  for (const [host, traits] of [
    ['Linux', LINUX],
    ['what Windows can hold', WINDOWS],
    ['what a Mac can hold', MACOS],
  ] as const)
    onGround(`on a disk that tells letters apart, with ${host}`, () => ({
      parent: memoryFolder(),
      traits,
      exact: true,
    }));

  describe('on a disk that ignores case', () => {
    let disk: InsensitiveDisk | string = '';
    before(() => {
      disk = insensitiveDisk();
      // Where everything is there for it, as in CI, its absence is a failure.
      if (typeof disk === 'string' && process.env['CI'] !== undefined) throw new Error(disk);
    });
    after(() => {
      if (typeof disk !== 'string') disk[Symbol.dispose]();
    });
    for (const [group, cases] of GROUPS) {
      test(group, async (t) => {
        if (typeof disk === 'string') return t.skip(disk);
        t.diagnostic(disk.kind);
        const ground = { parent: disk.folder, traits: probeHostTraits(disk.folder), exact: false };
        assert.ok(ground.traits.caseInsensitive);
        await playAll(cases, ground);
      });
    }
  });
});

function onGround(title: string, ground: () => Ground): void {
  describe(title, () => {
    for (const [group, cases] of GROUPS) test(group, () => playAll(cases, ground()));
  });
}

/** All of them, so that one finding does not hide the next. */
async function playAll(cases: readonly HostileCase[], ground: Ground): Promise<void> {
  const failures: string[] = [];
  for (const one of cases) {
    if (one.needsLinks === true && !ground.traits.links) continue;
    using field = new Field(ground);
    try {
      await field.play(one);
    } catch (error) {
      failures.push(`${one.title}: ${error instanceof Error ? error.message : error}`);
    }
  }
  assert.deepEqual(failures, [], `${failures.length} of ${cases.length} cases\n${failures.join('\n')}`);
}
