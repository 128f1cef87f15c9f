import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Reason } from '../../../src/exchange/shared/reason.ts';
import type { HostileCase } from '../case.ts';
import { type Claim, file, folder, link } from '../claims.ts';
import { write } from '../field.ts';
import { named } from './paths.ts';

const PAIRS: readonly (readonly [string, string])[] = [
  ['A', 'a'],
  ['Readme.md', 'README.MD'],
  ['ß', 'ss'],
  ['ß', 'SS'],
  ['\u1e9e', 'ß'],
  ['\ufb01', 'fi'],
  ['\ufb01x', 'FIX'],
  ['\u212a', 'k'],
  ['\u212b', 'å'],
  ['\u00e9', 'e\u0301'],
  ['\u00c9', 'e\u0301'],
  ['ı', 'I'],
  ['İ', 'i\u0307'],
  ['ſ', 's'],
  ['Σ', 'ς'],
  ['σ', 'ς'],
  ['\uff21', 'a'],
  ['a\u200bb', 'ab'],
  ['a\u00adb', 'AB'],
  ['a\ufe0f', 'a'],
  ['\u03c9', '\u2126'],
  ['ǆ', 'Ǆ'],
  ['ᲀ', 'в'],
];

export const COLLISIONS: readonly HostileCase[] = [
  ...PAIRS.map(([a, b]) => collide(`two files ${named(a)} and ${named(b)}`, [file(a), file(b)], [a, b])),
  ...PAIRS.map(([a, b]) => onHost(`a file ${named(b)} where the host has ${named(a)}`, a, [file(b)], b)),
  collide('a folder and a file', [folder('D'), file('D/x'), file('d')], ['D', 'd']),
  collide(
    'a folder and a link in its place (CVE-2021-21300)',
    [folder('A'), file('A/post-checkout'), link('a', 'src')],
    ['A', 'a'],
  ),
  collide(
    'two folders with different things in them',
    [folder('D'), file('D/x'), folder('d'), file('d/y')],
    ['D', 'd'],
  ),
  onHost(
    'a folder in other letters than a file of the host',
    'name',
    [folder('NAME'), file('NAME/x')],
    'NAME',
  ),
  ...['Node_Modules', 'NODE_MODULES', 'node_module\u017f'].flatMap((name) =>
    unlisted(
      `${named(name)} for the installed packages of the host`,
      [folder(name), folder(`${name}/dep`), file(`${name}/dep/index.js`, 'evil')],
      name,
      'ignored',
    ),
  ),
  ...['.PCODER-TMP-s1', '.pcoder-TMP-S1', '.Pcoder-Tmp-x'].flatMap((name) =>
    unlisted(
      `${named(name)} for the place where files are made`,
      [folder(name), file(`${name}/1`, 'evil')],
      name,
      'ignored',
    ),
  ),
  ...['product/state', 'product/STATE', 'product/\u017ftate'].flatMap((name) =>
    unlisted(
      `${named(name)} for the program's own folder`,
      [folder(name), file(`${name}/settings.json`, 'evil')],
      name,
      'collision',
    ),
  ),
  ...unlisted(
    '.GIT beside the repository of the host',
    [folder('.GIT'), file('.GIT/config', 'evil')],
    '.GIT',
    'git',
    true,
  ),
  {
    title: 'a folder in other letters than one of the host that cannot be exchanged',
    host: (root) => mkdirSync(join(root, 'node_modules/x'), { recursive: true }),
    claims: [folder('Node_modules'), file('Node_modules/x')],
    expected: ({ caseInsensitive }) => ({ refused: caseInsensitive ? { Node_modules: 'ignored' } : {} }),
  },
];

function collide(title: string, claims: Claim[], names: string[]): HostileCase {
  return {
    title,
    claims,
    expected: ({ caseInsensitive, links }) => {
      if (caseInsensitive) {
        const reasonOf = (name: string): Reason =>
          !links && claims.some(({ entry }) => entry.path === name && entry.type === 'link')
            ? 'link'
            : 'collision';
        const isAlone = names.some((name) => reasonOf(name) === 'link');
        return {
          refused: Object.fromEntries(
            names
              .filter((name) => !isAlone || reasonOf(name) === 'link')
              .map((name) => [name, reasonOf(name)]),
          ),
        };
      }
      return {};
    },
  };
}

function onHost(title: string, hosts: string, claims: Claim[], name: string): HostileCase {
  return {
    title,
    host: (root) => write(root, hosts, 'of the host'),
    claims,
    expected: ({ caseInsensitive }) => ({
      refused: caseInsensitive ? { [hosts]: 'collision', [name]: 'collision' } : {},
    }),
  };
}

/** Something the host has that is no part of its tree. */
function unlisted(
  title: string,
  claims: Claim[],
  name: string,
  reason: Reason,
  always = false,
): HostileCase[] {
  return [
    {
      title,
      claims,
      expected: ({ caseInsensitive }) => ({ refused: caseInsensitive || always ? { [name]: reason } : {} }),
    },
  ];
}
