import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Settings } from '../../../src/bundle/settings.ts';
import { Quarantine, quarantineReason } from '../../../src/exchange/quarantine/quarantine.ts';
import { RULES } from '../../../src/exchange/quarantine/rules.ts';

describe('the quarantine', () => {
  test('has a reason of one short sentence for every path, and no path twice', () => {
    const seen = new Set<string>();
    for (const { by, reason, paths } of RULES) {
      assert.ok(by.length > 0 && reason.length < 90 && !reason.includes('.'), reason);
      for (const path of paths) {
        assert.ok(!seen.has(path), path);
        seen.add(path);
      }
    }
    assert.ok(seen.size > 250, `${seen.size} paths`);
  });

  test('holds every path of the list, at the root and deep below, in any case', () => {
    for (const { paths, byContent = false } of RULES) {
      for (const pattern of paths) {
        const plain = pattern.replace(/^\//, '').replaceAll('*', 'x');
        const path = plain.endsWith('/') ? `${plain}deep/inside` : plain;
        for (const spelled of [path, `a/b/${path}`, path.toUpperCase(), `A/${path.toUpperCase()}`]) {
          const held = quarantineReason(spelled);
          assert.ok(held !== undefined, spelled);
          assert.equal(held.byContent, byContent, spelled);
        }
      }
    }
  });

  test('holds spellings that a file system or tool takes for the name', () => {
    for (const path of [
      '.VSCODE/Tasks.json',
      '.vſcode/tasks.json',
      '.vscode./tasks.json',
      '.vscode /tasks.json',
      '.vs\u200ccode/tasks.json',
      '.vs\u00adcode/tasks.json',
      '.vscode\ufe0f/tasks.json',
      '\uff0evscode/tasks.json',
      '.vscode::$INDEX_ALLOCATION/tasks.json',
      '.envrc::$DATA',
      '.envrc. .',
      '.ENVRC',
      '.gıtmodules',
      'AGENTS.MD',
      'agents.md',
      'Head',
    ])
      assert.ok(quarantineReason(path) !== undefined, JSON.stringify(path));
  });

  test('leaves the source of a project alone', () => {
    for (const path of [
      'src/main.rs',
      'Makefile',
      'CMakeLists.txt',
      'conftest.py',
      'tests/test_x.py',
      'index.html',
      'README.md',
      'docs/AGENTS/readme.md',
      'package-lock.json',
      'src/package.json.ts',
      'vscode/tasks.json',
      '.env.example',
      '.gitignore',
      'github/workflows/x.yml',
      'envrc',
      'src/head/index.ts',
      'Dockerfile',
      'tsconfig.json',
    ])
      assert.equal(quarantineReason(path), undefined, path);
  });

  test('takes a folder for what it is: only where the list names folders', () => {
    assert.equal(quarantineReason('src/Head', 'folder'), undefined);
    assert.equal(quarantineReason('src/Head/index.tsx'), undefined);
    assert.ok(quarantineReason('.vscode', 'folder') !== undefined);
    assert.ok(quarantineReason('.vscode', 'file') !== undefined);
    assert.ok(quarantineReason('x/.vscode', 'link') !== undefined);
  });

  test('takes a link at a path judged by content for no such file', () => {
    assert.equal(quarantineReason('package.json')?.byContent, true);
    assert.equal(quarantineReason('package.json', 'link')?.byContent, false);
  });

  test('grows and shrinks by settings, for a path and its spellings alike', () => {
    const own = new Quarantine({
      add: ['Makefile', '/deploy/', 'secret-*.yml'],
      allow: ['CLAUDE.md', '/.vscode/settings.json', '.github/'],
    });
    for (const path of ['makefile', 'a/Makefile', 'deploy/x', 'b/secret-1.yml', '.vscode/tasks.json'])
      assert.ok(own.reasonOf(path) !== undefined, path);
    for (const path of ['a/deploy/x', 'claude.md', '.vscode/settings.json', 'a/.github/workflows/x.yml'])
      assert.equal(own.reasonOf(path), undefined, path);
    assert.ok(own.reasonOf('a/.vscode/settings.json') !== undefined);
  });

  test('settings take patterns that name something, and nothing else', () => {
    const good = { add: ['a', '/a/', 'a*/b.c', '.env.*', '...x'], allow: [] };
    assert.deepEqual(Settings.parse({ quarantine: good }).quarantine, good);
    for (const bad of [
      '',
      '*',
      '/',
      '*/*',
      '..',
      'a/../b',
      '.',
      'a//b',
      'a\\b',
      'a\nb',
      'x'.repeat(201),
      '**/',
    ])
      assert.ok(!Settings.safeParse({ quarantine: { allow: [bad] } }).success, JSON.stringify(bad));
    assert.ok(!Settings.safeParse({ quarantine: { remove: [] } }).success);
  });

  test('answers for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (text) => {
        quarantineReason(text);
        // A spelling in other letters is not judged more leniently.
        assert.equal(quarantineReason(text) === undefined, quarantineReason(`x/${text}`) === undefined);
      }),
    );
  });
});
