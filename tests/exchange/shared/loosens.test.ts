import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readIgnoreFile } from '../../../src/exchange/shared/ignore-file.ts';
import { loosensIgnoring } from '../../../src/exchange/shared/loosens.ts';

test('adding patterns only leaves out more; removing, negating and moving may bring back', () => {
  for (const [before, after, loosens] of [
    ['', 'a\nb', false],
    ['a\nb', 'a\nx\nb # c\nb', false],
    ['a\n# about b\nb', 'a\n\nb', false],
    ['a\n!b', 'a', false],
    ['a\nb', 'b\na', true],
    ['a', '', true],
    ['a', 'a\n!ab', true],
    ['', '!a', true],
    ['a\n!b', '!b\na\n!b', true],
  ] as const)
    assert.equal(loosensIgnoring(before, after), loosens, JSON.stringify([before, after]));
});

test('a change that does not loosen never brings a path back', () => {
  const line = fc.constantFrom('a', '!a', 'b/', '*', '!*b', '# note', 'a/b', '!b/');
  const file = fc.array(line, { maxLength: 5 }).map((lines) => lines.join('\n'));
  const paths = ['a', 'b', 'ab', 'a/b', 'b/a'];
  fc.assert(
    fc.property(file, file, (before, after) => {
      fc.pre(!loosensIgnoring(before, after));
      const [first, second] = [readIgnoreFile(before, false), readIgnoreFile(after, false)];
      for (const path of paths)
        for (const folder of [true, false])
          assert.ok(first.judge(path, folder) !== true || second.judge(path, folder) === true);
    }),
  );
});
