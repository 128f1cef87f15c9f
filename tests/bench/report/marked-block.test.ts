import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BEGIN, END, replaceBlock } from '../../../bench/report/marked-block.ts';

const prose = fc.string().filter((text) => !text.includes(BEGIN) && !text.includes(END));

test('only what lies between the markers changes, and writing twice is writing once', () => {
  fc.assert(
    fc.property(prose, prose, prose, prose, (before, old, after, content) => {
      const once = replaceBlock(`${before}${BEGIN}${old}${END}${after}`, content);
      assert.ok(once.startsWith(`${before}${BEGIN}`));
      assert.ok(once.endsWith(`${END}${after}`));
      assert.equal(replaceBlock(once, content), once);
    }),
  );
});

test('a text whose place is not marked, or marked twice or backwards, is refused', () => {
  const wrong = ['', BEGIN, END, `${END}${BEGIN}`, `${BEGIN}${END}${BEGIN}${END}`, `${BEGIN}${END}${END}`];
  for (const text of wrong) {
    assert.throws(() => replaceBlock(text, 'tables'), { code: 'config-invalid' }, JSON.stringify(text));
  }
});
