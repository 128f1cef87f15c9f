import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HostTraits } from '../../src/exchange/host-traits.ts';
import { BY_HOST, BY_WORDS, playAll } from './groups.ts';
import { memoryFolder } from './memory-folder.ts';

const LINUX: HostTraits = { caseInsensitive: false, windowsNames: false, execBits: true, links: true };
const HOSTS: Record<string, HostTraits> = {
  Linux: LINUX,
  'what Windows can hold': { caseInsensitive: true, windowsNames: true, execBits: false, links: false },
  'what a Mac can hold': { ...LINUX, caseInsensitive: true },
};

describe('a hostile guest', () => {
  test('is met with more than 300 cases', () => {
    const count = Object.values({ ...BY_HOST, ...BY_WORDS }).reduce((sum, cases) => sum + cases.length, 0);
    assert.ok(count >= 300, `${count} cases`);
  });

  for (const [host, traits] of Object.entries(HOSTS)) {
    describe(`on a disk that tells letters apart, with ${host}`, () => {
      const groups = traits === LINUX ? { ...BY_HOST, ...BY_WORDS } : BY_HOST;
      for (const [group, cases] of Object.entries(groups))
        test(group, () => playAll(cases, { parent: memoryFolder(), traits, exact: true }));
    });
  }
});
