import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type HostileCase, refused } from '../case.ts';
import { type Claim, file, folder, link } from '../claims.ts';
import { named } from './paths.ts';

const NEVER = [
  '/etc/passwd',
  '/',
  '//x',
  '..',
  '../',
  '../..',
  '../x',
  '../project/mine.txt',
  '../project-evil/x',
  './../x',
  'src/../../x',
  'src/..',
  'link/../x',
  '../../../../../../etc/passwd',
  '/proc/self/root/etc/passwd',
  '/proc/self/fd/0',
  '/dev/zero',
  '~/../../x/..',
  'C:\\Windows',
  'C:x',
  'C:/x',
  '\\\\server\\share',
  'src\\code.ts',
  'x:y',
  'mine.txt:evil',
  'mine.txt::$DATA',
  'a\0b',
  'a\nb',
  'a\u001b[2Jb',
  'src//x',
  '.git',
  '.git/config',
  '.git/hooks',
  '.GIT/hooks',
  '.Git',
  'git~1/hooks',
  '.g\u200cit/config',
  '.gi\u00adt/hooks',
  '.git /hooks',
  '.git./hooks',
  'src/.git/hooks',
  './.git/config',
  'x'.repeat(248),
  `${'d/'.repeat(130)}x`,
  '\ud800',
] as const;

/** Links are nothing special for most of these; their content is. */
const CONFIGURED = [
  '.gitmodules',
  '.gitattributes',
  '.gitignore',
  '.mailmap',
  '.GITMODULES',
  'src/.gitattributes',
];

export const LINKS: readonly HostileCase[] = [
  ...NEVER.map(
    (target): HostileCase => ({
      title: `a link to ${named(target)}`,
      claims: [link('l', target)],
      expected: refused('l', 'link'),
    }),
  ),
  ...CONFIGURED.map(
    (path): HostileCase => ({
      title: `${path} as a link`,
      claims: [link(path, path.includes('/') ? 'code.ts' : 'mine.txt')],
      expected: refused(path, 'link'),
    }),
  ),
  harmless('a link inside', [link('l', 'src/code.ts'), link('src/up', '../mine.txt'), link('d', 'src/')]),
  harmless('a link that hangs', [link('l', 'later')]),
  harmless('a link to itself', [link('l', 'l')]),
  harmless('links in a circle', [link('a', 'b'), link('b', 'a')]),
  harmless('a link to the root of the project', [link('src/top', '..')]),
  harmless('a link to installed packages', [link('l', 'node_modules/dep/index.js')]),
  below('a file below a link', [link('l', 'src'), file('l/x')], 'l/x'),
  below('a folder below a link', [link('l', 'src'), folder('l/d'), file('l/d/x')], 'l/d'),
  below('a file through a hanging link', [link('l', 'later'), file('l/x')], 'l/x'),
  below('a file below a link of the host', [file('link/x')], 'link/x'),
  {
    title: 'a folder link up and a file below it',
    claims: [link('s', '..'), file('s/x')],
    expected: refused('s', 'link'),
  },
  ...outward('a link through a link of the host that leads out', [link('l', 'out/secret')], { l: 'link' }),
  ...outward('a link to a link of the host that leads out', [link('l', 'out')], { l: 'link' }),
  ...outward('a link down a chain of links that leads out', [link('l', 'chain/secret')], { l: 'link' }),
  ...outward('a file through a link of the host that leads out', [file('out/x')], { 'out/x': 'stray' }),
  ...outward('a folder over a link of the host that leads out', [folder('out'), file('out/x')], {}),
  ...outward('a file over a link of the host that leads out', [file('out', 'over')], {}),
  ...outward('a link over a link of the host that leads out', [link('out', 'src')], {}),
];

function harmless(title: string, claims: Claim[]): HostileCase {
  return {
    title,
    claims,
    expected: ({ links }) => ({
      refused: links ? {} : Object.fromEntries(claims.map(({ entry }) => [entry.path, 'link'])),
    }),
  };
}

function below(title: string, claims: Claim[], path: string): HostileCase {
  return {
    title,
    claims,
    expected: ({ links }) => ({
      refused: {
        ...(links ? { [path]: 'stray' } : {}),
        ...Object.fromEntries(
          claims.flatMap(({ entry }) => (!links && entry.type === 'link' ? [[entry.path, 'link']] : [])),
        ),
        ...(!links && claims[0]?.entry.type !== 'link' ? { [path]: 'stray' } : {}),
      },
    }),
  };
}

/** The host has `out`, a link that leads out, and `chain`, one to a folder with such a link in it. */
function outward(title: string, claims: Claim[], more: Record<string, 'link' | 'stray'>): HostileCase[] {
  return [
    {
      title,
      needsLinks: true,
      host: (root) => {
        symlinkSync('../outside', join(root, 'out'));
        mkdirSync(join(root, 'src/in'));
        symlinkSync('../../../outside', join(root, 'src/in/out'));
        symlinkSync('src/in/out', join(root, 'chain'));
      },
      claims: [...claims, folder('src/in')],
      expected: () => ({ refused: { out: 'link', 'src/in/out': 'link', ...more } }),
    },
  ];
}
