import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PARTS, parseArguments } from '../../bench/arguments.ts';

test('without arguments every part runs, as often as it sees fit', () => {
  assert.deepEqual(parseArguments([]), { parts: [...PARTS], repeat: undefined, writeDocs: false });
});

test('named parts run in their own order, whatever the order they are named in', () => {
  assert.deepEqual(parseArguments(['memory', 'start', '--repeat', '7']), {
    parts: ['start', 'memory'],
    repeat: 7,
    writeDocs: false,
  });
});

test('the document is only written from a run of all parts', () => {
  assert.equal(parseArguments(['--write-docs']).writeDocs, true);
  assert.throws(() => parseArguments(['exec', '--write-docs']), { code: 'usage' });
});

test('what is not understood is refused with the right way to say it', () => {
  for (const argv of [['boot'], ['--repeat', '0'], ['--repeat', 'many'], ['--fast']])
    assert.throws(() => parseArguments(argv), { code: 'usage', hint: /npm run bench/ }, argv.join(' '));
});
