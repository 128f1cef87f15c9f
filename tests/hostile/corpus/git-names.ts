import { type HostileCase, refused } from '../case.ts';
import { file, folder } from '../claims.ts';
import { named } from './paths.ts';

/** `.git` as some file system or tool would take it: git's t1014, go-git, CVE-2014-9390, CVE-2019-1353 and later ones. */
const AS_GIT = [
  '.git',
  '.GIT',
  '.Git',
  '.gIT',
  'git~1',
  'GIT~1',
  'git~2',
  'git~11',
  '.git ',
  '.git  ',
  '.git.',
  '.git. ',
  '.git . .',
  '.git:x',
  '.git...:alternate-stream',
  '\u200c.Git',
  '.gI\u200cT',
  '.GiT\u200c',
  '.g\u200dit',
  '.\u200egit',
  '.g\u200fit',
  '.gi\u202at',
  '.git\u202e',
  '.g\u206ait',
  '.git\u206f',
  '\ufeff.git',
  '.gi\u00adt',
  '.git\ufe0f',
  '.git\u034f',
  '.g\u115fit',
  '.g\uffa0it',
  '.git\u{e0020}',
  '\uff0egit',
  '.\uff47it',
  '.g\u0131t',
  '.\u{1d420}it',
] as const;

/** Names with a stream, which no host gets. */
const STREAMS = ['.git::$INDEX_ALLOCATION', '.GIT::$INDEX_ALLOCATION', '.git.::$INDEX_ALLOCATION'] as const;

export const GIT_NAMES: readonly HostileCase[] = [
  ...AS_GIT.flatMap((name) => spelled(name, 'git')),
  ...STREAMS.flatMap((name) => spelled(name, 'name')),
  {
    title: 'a hook in a submodule',
    claims: [
      folder('sub'),
      folder('sub/.git'),
      folder('sub/.git/hooks'),
      file('sub/.git/hooks/post-checkout', 'x', true),
    ],
    expected: refused('sub/.git', 'git'),
  },
  {
    title: 'a submodule whose git folder is elsewhere',
    claims: [folder('sub'), file('sub/.git', 'gitdir: ../../outside')],
    expected: refused('sub/.git', 'git'),
  },
];

function spelled(name: string, reason: 'git' | 'name'): HostileCase[] {
  return [
    {
      title: `${named(name)} with a hook`,
      claims: [folder(name), folder(`${name}/hooks`), file(`${name}/hooks/pre-commit`, 'x', true)],
      expected: refused(name, reason),
    },
    {
      title: `${named(name)} as a file deep below`,
      claims: [folder('sub'), file(`sub/${name}`, 'gitdir: ..')],
      expected: refused(`sub/${name}`, reason),
    },
  ];
}
