import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readIgnoreFile } from '../../../src/exchange/shared/ignore-file.ts';
import { parentOf } from '../../../src/exchange/shared/path.ts';

test('every kind of pattern says what gitignore(5) says', () => {
  const cases: [pattern: string, path: string, folder: boolean, verdict: boolean | undefined][] = [
    ['build', 'a/build', false, true],
    ['build/', 'a/build', false, undefined],
    ['build/', 'a/build', true, true],
    ['/build', 'a/build', true, undefined],
    ['a/build', 'a/build', true, true],
    ['*.log', 'x/y.log', false, true],
    ['*.log\n!keep.log', 'x/keep.log', false, false],
    ['doc/**/*.pdf', 'doc/x.pdf', false, true],
    ['doc/**/*.pdf', 'doc/a/b/x.pdf', false, true],
    ['doc/**', 'doc', true, undefined],
    ['doc/**', 'doc/a', true, true],
    ['**/tmp', 'a/b/tmp', true, true],
    ['[Dd]ebug[!0-9]', 'DebugX', true, true],
    ['[Dd]ebug[!0-9]', 'Debug1', true, undefined],
    ['\\#x', '#x', false, true],
    ['\\!x', '!x', false, true],
    ['#x', '#x', false, undefined],
    ['x\\ ', 'x ', false, true],
    ['x  ', 'x', false, true],
    ['x\r\n', 'x', false, true],
    ['\ufeffx', 'x', false, true],
    ['x\\', 'x', false, undefined],
    ['[', '[', false, undefined],
  ];
  for (const [pattern, path, folder, verdict] of cases)
    assert.equal(readIgnoreFile(pattern, false).judge(path, folder), verdict, `${pattern} on ${path}`);
});

test('on a host without case, patterns have none', () => {
  assert.equal(readIgnoreFile('Build/', true).judge('BUILD', true), true);
  assert.equal(readIgnoreFile('Build/', false).judge('BUILD', true), undefined);
});

test('a pattern made to be slow is not', () => {
  const file = readIgnoreFile(`${'*a'.repeat(60)}b\n${'**/a*/'.repeat(40)}b`, false);
  const started = performance.now();
  for (let i = 0; i < 20; i++) file.judge(`${'aaaa/'.repeat(50)}${'a'.repeat(255)}`, false);
  assert.ok(performance.now() - started < 1000);
});

test('git itself decides the same', { skip: hasGit() ? false : 'there is no git' }, () => {
  const names = fc.constantFrom('a', 'b', 'ab', 'abc', 'a.b', 'B', 'a-b', '[a]', '#a', '!a', 'a b');
  const paths = fc.array(
    fc.array(names, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
    {
      minLength: 1,
      maxLength: 12,
    },
  );
  const part = fc.oneof(
    names,
    fc.constantFrom(
      '*',
      '**',
      '***',
      '?',
      'a*',
      '*b',
      'a?',
      '[ab]',
      '[!a]',
      '[^a-b]*',
      '[[:alpha:]]',
      '\\a',
      'a**b',
      '\\*',
      '[]a]',
      '[a-',
      '*.b',
      '[a\\-b]',
    ),
  );
  const pattern = fc
    .tuple(
      fc.constantFrom('', '', '', '!', '\\!'),
      fc.constantFrom('', '', '/'),
      fc.array(part, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('', '', '/', ' ', '/**', '\\ '),
    )
    .map(([not, top, parts, end]) => `${not}${top}${parts.join('/')}${end}`)
    // A class with a slash in it, which can match none: patterns are cut at slashes first.
    .filter((text) => !/\[[^\]]*\//.test(text));
  const folder = mkdtempSync(join(tmpdir(), 'ignore-'));
  try {
    execFileSync('git', ['init', '-q', folder]);
    fc.assert(
      fc.property(paths, fc.array(pattern, { minLength: 1, maxLength: 6 }), (given, patterns) => {
        const files = withoutFolders(given);
        const text = patterns.join('\n');
        assert.deepEqual(
          files.filter((path) => isLeftOut(text, path)),
          leftOutByGit(folder, text, files),
          text,
        );
      }),
      { numRuns: 40 },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function isLeftOut(text: string, path: string): boolean {
  const file = readIgnoreFile(text, false);
  const above: string[] = [];
  for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder)) above.unshift(folder);
  return above.some((folder) => file.judge(folder, true) === true) || file.judge(path, false) === true;
}

function leftOutByGit(folder: string, text: string, files: string[]): string[] {
  for (const name of ['work', '.git/info/exclude'])
    rmSync(join(folder, name), { recursive: true, force: true });
  const work = join(folder, 'work');
  for (const path of files) {
    mkdirSync(dirname(join(work, path)), { recursive: true });
    writeFileSync(join(work, path), '');
  }
  writeFileSync(join(work, '.gitignore'), text);
  const told = execFileSync(
    'git',
    ['-C', work, 'ls-files', '-z', '--others', '--ignored', '--exclude-per-directory=.gitignore'],
    {
      encoding: 'utf8',
    },
  );
  const ignored = new Set(told.split('\0'));
  return files.filter((path) => ignored.has(path));
}

/** A path that another one lies below cannot be a file as well. */
function withoutFolders(paths: string[]): string[] {
  const unique = [...new Set(paths)];
  return unique.filter((path) => !unique.some((other) => other.startsWith(`${path}/`)));
}

function hasGit(): boolean {
  try {
    execFileSync('git', ['--version']);
    return true;
  } catch {
    return false;
  }
}
