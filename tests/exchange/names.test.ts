import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { conflictPath } from '../../src/exchange/conflict-name.ts';
import { isWindowsName } from '../../src/exchange/host-name.ts';
import { foldName } from '../../src/exchange/shared/fold-name.ts';
import { linkDestination } from '../../src/exchange/shared/link-target.ts';
import { checkPath } from '../../src/exchange/shared/path.ts';

describe('names', () => {
  test('a conflict copy keeps folder and extension', () => {
    assert.equal(conflictPath('a/b.test.ts', true, 's', 2), 'a/b.test.pcoder-conflict-s-2.ts');
    assert.equal(conflictPath('.env', true, 's', 1), '.env.pcoder-conflict-s-1');
    assert.equal(conflictPath('v1.2', false, 's', 1), 'v1.2.pcoder-conflict-s-1');
  });

  test('a conflict copy of any usable name has a usable name', () => {
    const names = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 255 })
      .filter((name) => checkPath(name) === undefined);
    fc.assert(
      fc.property(names, (name) => checkPath(conflictPath(name, true, 'x'.repeat(64), 1)) === undefined),
    );
  });

  test('names that some file system takes for one fold to one', () => {
    for (const [a, b] of [
      ['A', 'a'],
      ['ß', 'SS'],
      ['ﬁ', 'FI'],
      ['\u212a', 'k'],
      ['e\u0301', 'É'],
      ['ı', 'I'],
      ['a\u200db', 'AB'],
    ] as const) {
      assert.equal(foldName(a), foldName(b));
    }
    assert.notEqual(foldName('a'), foldName('b'));
  });

  test('letters fold as their capitals and small ones do, whatever the letter', () => {
    for (let point = 0; point < 0x20000; point += 1) {
      const letter = String.fromCodePoint(point);
      if (!letter.isWellFormed()) continue;
      const key = foldName(letter);
      for (const other of [letter.toUpperCase(), letter.toLowerCase(), letter.normalize('NFD'), key])
        assert.equal(foldName(other), key, `U+${point.toString(16)}`);
    }
  });

  test('characters that file systems leave out of a comparison make no other name', () => {
    for (const hidden of [
      '\u00ad',
      '\u034f',
      '\u115f',
      '\u180e',
      '\u200b',
      '\u2060',
      '\ufe0f',
      '\uffa0',
      '\u{e0020}',
    ])
      assert.equal(foldName(`.g${hidden}it`), '.git');
  });

  test('what Windows reserves is known', () => {
    for (const name of [
      'con',
      'NUL.txt',
      'com1',
      'LPT¹',
      'CONOUT$',
      'aux .c',
      'a.',
      'a ',
      'a:b',
      'a?',
      'GI7EBA~1',
    ]) {
      assert.ok(!isWindowsName(name), name);
    }
    for (const name of ['console', 'com', 'nulls.txt', '.env', 'a~b', 'été'])
      assert.ok(isWindowsName(name), name);
  });

  test('a link leads where it says, or nowhere', () => {
    assert.equal(linkDestination('a/b/l', '../c/d'), 'a/c/d');
    assert.equal(linkDestination('a/l', '..'), '');
    assert.equal(linkDestination('l', './x/'), 'x');
    for (const target of ['..', '/', '//x', 'x/..', 'x//y', '', '../../x'])
      assert.equal(linkDestination('l', target), undefined);
  });
});
