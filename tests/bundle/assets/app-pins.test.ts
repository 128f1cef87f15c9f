import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinOf } from '../../../src/bundle/assets/app-pins.ts';
import { integrityDigest } from '../../../src/bundle/fetch/digest.ts';
import { TOOLS } from '../../../src/tools/registry.ts';

test('every tool has a pinned build, with the program its adapter starts', () => {
  for (const tool of TOOLS) {
    const pin = pinOf(tool.app);
    assert.equal(pin.program, tool.program);
    assert.equal(integrityDigest(pin.integrity).algorithm, 'sha512');
  }
});

test('an unknown tool is refused, whatever it is called', () => {
  for (const name of ['vim', '', '__proto__', 'constructor'])
    assert.throws(() => pinOf(name), { code: 'tool-unknown' });
});
