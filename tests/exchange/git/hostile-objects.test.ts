import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { GIT_LIMITS } from '../../../src/exchange/git/limits.ts';
import { receivePack } from '../../../src/exchange/git/receive.ts';
import { type HostRepository, openRepository } from '../../../src/exchange/git/repository.ts';
import { Scratch } from '../../../src/exchange/git/scratch.ts';
import { commitOf, type Forged, forged, HIDDEN, lying, packOf, refusedWhole, tree } from './forged.ts';
import { GitScene, gitWith } from './scene.ts';

const VERSION = /version (\d+)\.(\d+)/.exec(execFileSync('git', ['version'], { encoding: 'utf8' })) ?? [];
const KNOWS_LONG_PATHS = Number(VERSION[1]) > 2 || Number(VERSION[2]) >= 43;

const GIT_NAMES = [
  ...['.git', '.GIT', '.Git', '.g\u200cit', '.git\u200e', 'git~1', 'GIT~1', '.git ', '.git.'],
  ...['.git...:alternate-stream', '.git::$INDEX_ALLOCATION', '.git\\config', '.\\.GIT\\foobar'],
];

type Entry = [mode: string, name: string, object?: string];

describe('what would hurt whoever checks it out', { timeout: 120_000 }, () => {
  let scene: GitScene;
  let repository: HostRepository;
  before(async () => {
    scene = new GitScene();
    const opened = await openRepository(scene.root);
    assert.ok(opened !== undefined);
    repository = opened;
  });
  after(() => scene[Symbol.dispose]());

  async function refused(reason: RegExp, ...objects: Forged[]): Promise<void> {
    await using scratch = await Scratch.at(join(scene.home, 'scratch'), repository);
    const took = receivePack(repository, scratch, packOf(objects), { limits: GIT_LIMITS });
    await assert.rejects(took, (error: Error) => {
      assert.match(error.message, reason);
      assert.doesNotMatch(error.message, HIDDEN);
      return true;
    });
  }

  const content = forged('blob', 'content');
  const inner = forged('tree', tree(['100644', 'config', content.name]));
  const cases: [string, RegExp, Entry[]][] = [
    ['an entry .', /hasDot/, [['100644', '.']]],
    ['an entry ..', /hasDotdot/, [['40000', '..']]],
    ['an empty name', /emptyName|empty filename/, [['100644', '']]],
    ['a name with a slash', /fullPathname/, [['100644', '../../x']]],
    [
      'two entries of one name',
      /duplicateEntries/,
      [
        ['100644', 'a'],
        ['100644', 'a'],
      ],
    ],
    [
      'a file and a folder of one name',
      /duplicateEntries|treeNotSorted/,
      [
        ['100644', 'a'],
        ['40000', 'a'],
      ],
    ],
    [
      'entries out of order',
      /treeNotSorted/,
      [
        ['100644', 'b'],
        ['100644', 'a'],
      ],
    ],
    ['a mode with a zero before it', /zeroPaddedFilemode/, [['0100644', 'a']]],
    [
      'a mode of no kind',
      /badFilemode/,
      [
        ['100755', 'a'],
        ['140000', 'b'],
      ],
    ],
    ['an object of zeros', /nullSha1|0{40}/, [['100644', 'a', '0'.repeat(40)]]],
    ['.gitmodules as a link', /gitmodulesSymlink/, [['120000', '.gitmodules']]],
    ['.gitattributes as a link', /gitattributesSymlink/, [['120000', '.gitattributes']]],
    ['.gitignore as a link', /gitignoreSymlink/, [['120000', '.gitignore']]],
    ['.mailmap as a link', /mailmapSymlink/, [['120000', '.mailmap']]],
    ['.gitmodules as a link by its short name', /gitmodulesSymlink/, [['120000', 'GITMOD~1']]],
    ['.gitmodules as a link by its hashed short name', /gitmodulesSymlink/, [['120000', 'gi7eba~1']]],
    ...(KNOWS_LONG_PATHS
      ? [['a very long name', /largePathname/, [['100644', 'x'.repeat(5000)]]] as [string, RegExp, Entry[]]]
      : []),
    ...GIT_NAMES.map((name): [string, RegExp, Entry[]] => [
      `${JSON.stringify(name)}, which is .git somewhere`,
      /hasDotgit/,
      [['40000', name]],
    ]),
  ];
  for (const [name, reason, entries] of cases) {
    it(`is refused: ${name}`, async () => {
      const evil = forged(
        'tree',
        tree(
          ...entries.map(([mode, entry, object]): [string, string, string] => [
            mode,
            entry,
            object ?? (mode === '40000' ? inner.name : content.name),
          ]),
        ),
      );
      // Below the top, where a check of the top alone would miss it.
      const top = forged('tree', tree(['40000', 'sub', evil.name]));
      await refused(reason, forged('commit', commitOf(top.name)), top, evil, inner, content);
    });
  }

  const modules: [string, RegExp, string][] = [
    [
      'a name that leaves .git/modules',
      /gitmodulesName/,
      '[submodule "../../x"]\n\tpath = x\n\turl = https://example.com/x\n',
    ],
    ['an address that is an option', /gitmodulesUrl/, '[submodule "x"]\n\tpath = x\n\turl = -u./payload\n'],
    [
      'a path that is an option',
      /gitmodulesPath/,
      '[submodule "x"]\n\tpath = -x\n\turl = https://example.com/x\n',
    ],
    [
      'a command as its update',
      /gitmodulesUpdate/,
      '[submodule "x"]\n\tpath = x\n\turl = https://example.com/x\n\tupdate = !touch x\n',
    ],
    [
      'an address with a line break',
      /gitmodulesUrl/,
      '[submodule "x"]\n\tpath = x\n\turl = "https://example.com/%0ahost=x"\n',
    ],
    ['what no git can read', /gitmodulesParse/, '[submodule "x\n'],
  ];
  for (const [name, reason, text] of modules) {
    it(`is refused: .gitmodules with ${name}`, async () => {
      const file = forged('blob', text);
      const top = forged('tree', tree(['100644', '.gitmodules', file.name]));
      await refused(reason, forged('commit', commitOf(top.name)), top, file);
    });
  }

  it('is refused: .gitmodules that is not sent but was on the host before', async () => {
    const text = '[submodule "../x"]\n\tpath = x\n\turl = x\n';
    const blob = gitWith(scene.root, { input: text }, 'hash-object', '-w', '--stdin');
    const top = forged('tree', tree(['100644', '.gitmodules', blob]));
    await refused(/gitmodulesName/, forged('commit', commitOf(top.name)), top);
  });

  const top = forged('tree', tree(['100644', 'a', content.name]));
  const commits: [string, RegExp, string][] = [
    ['no author', /missingAuthor/, commitOf(top.name, 'committer A <a@b> 1 +0000\n\nx\n')],
    ['no tree', /missingTree|bogus commit/, 'author A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n'],
    [
      'a NUL in its head',
      /nulInHeader|nulInCommit/,
      commitOf(top.name, 'author A\0B <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n'),
    ],
    [
      'a date that overflows',
      /badDateOverflow/,
      commitOf(top.name, 'author A <a@b> 99999999999999999999 +0000\ncommitter A <a@b> 1 +0000\n\nx\n'),
    ],
    ['a parent that is none', /badParentSha1|bad parents/, commitOf(top.name, undefined, 'parent ../../x\n')],
    ['a tree that is a file', /./, commitOf(content.name)],
    ['a tree that is not there', /./, commitOf('1'.repeat(40))],
  ];
  for (const [name, reason, text] of commits) {
    it(`is refused: a commit with ${name}`, () => refused(reason, forged('commit', text), top, content));
  }

  it('is refused in a whole fetch, which leaves the host as it was', async () => {
    using other = new GitScene();
    await other.bring();
    const evil = forged('tree', tree(['40000', '.git', inner.name]));
    const commit = forged('commit', commitOf(evil.name));
    const guest = lying(other, {
      refs: `${commit.name} refs/heads/evil\n`,
      pack: () => packOf([commit, evil, inner, content]),
    });
    await refusedWhole(other, () => other.fetch('s1', { guest }), /hasDotgit/);
  });
});
