import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { visible } from '../../src/fault/visible.ts';

const HIDDEN: [string, string][] = [
  ['escape', '\x1b'],
  ['bell', '\x07'],
  ['line feed', '\n'],
  ['carriage return', '\r'],
  ['delete', '\x7f'],
  ['C1 control sequence introducer', '\x9b'],
  ['right-to-left override', '\u202e'],
  ['isolate', '\u2066'],
  ['Arabic letter mark', '\u061c'],
  ['zero width space', '\u200b'],
  ['word joiner', '\u2060'],
  ['line separator', '\u2028'],
  ['byte order mark', '\ufeff'],
];

for (const [name, character] of HIDDEN) {
  it(`shows ${name} as an escape`, () => {
    const point = character.codePointAt(0) ?? 0;
    assert.equal(visible(`a${character}b`), `a\\u{${point.toString(16)}}b`);
  });
}

it('leaves readable text of every script as it is', () => {
  for (const text of ['plain ASCII ~!', 'Übergröße', 'проект', '项目', '👩‍💻'.replace('\u200d', ''), 'שלום'])
    assert.equal(visible(text), text);
});

it('never lets a control character through, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      assert.doesNotMatch(visible(text), /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]/);
    }),
  );
});

it('cuts what is over the limit and says so', () => {
  assert.equal(visible('x'.repeat(50), 10), `${'x'.repeat(10)}…`);
  assert.equal(visible('x'.repeat(10), 10), 'x'.repeat(10));
});
