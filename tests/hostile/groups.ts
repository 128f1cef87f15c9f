import assert from 'node:assert/strict';
import type { HostileCase } from './case.ts';
import { COLLISIONS } from './corpus/collisions.ts';
import { GIT_NAMES } from './corpus/git-names.ts';
import { LINKS } from './corpus/links.ts';
import { PATHS } from './corpus/paths.ts';
import { PROTOCOL } from './corpus/protocol.ts';
import { TYPES } from './corpus/types.ts';
import { WINDOWS_NAMES } from './corpus/windows-names.ts';
import { Field, type Ground } from './field.ts';

type Groups = Readonly<Record<string, readonly HostileCase[]>>;

/** Whose outcome is one of the host's disk and system. */
export const BY_HOST: Groups = {
  'A: a path out of the project': PATHS,
  'B: a link': LINKS,
  "D: git's own folder": GIT_NAMES,
  'E: a name of Windows': WINDOWS_NAMES,
  'F: names that are one': COLLISIONS,
};

/** The same everywhere. */
export const BY_WORDS: Groups = {
  'C: a type or figure': TYPES,
  'H: a lie in the protocol': PROTOCOL,
};

/** All of them, so that one finding does not hide the next. */
export async function playAll(cases: readonly HostileCase[], ground: Ground): Promise<void> {
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
