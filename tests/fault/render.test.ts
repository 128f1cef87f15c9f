import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EXIT, FAULTS, type FaultCode } from '../../src/fault/codes.ts';
import { Fault, isFault, systemCode } from '../../src/fault/fault.ts';
import { faultRecord, renderFault } from '../../src/fault/render.ts';

describe('a fault for people', () => {
  it('says what, why and what mends it, in this order', () => {
    const cause = new Error('inner', { cause: new Error('innermost') });
    const text = renderFault(new Fault('disk-full', 'outer', { cause, hint: 'free some space' }));
    assert.equal(text, 'error: outer\n  caused by: inner\n  caused by: innermost\nhint: free some space\n');
  });

  it('has no hint line when there is nothing to say', () => {
    assert.equal(renderFault(new Fault('usage', 'wrong')), 'error: wrong\n');
  });

  it('tells that anything but a Fault is a defect of ours', () => {
    assert.match(
      renderFault(new TypeError('x is undefined')),
      /^error: x is undefined\nhint: this is a defect in pcoder/,
    );
    assert.equal(faultRecord('thrown text').code, 'internal');
  });

  it('lets no line of it steer the terminal: message, causes and hint are escaped', () => {
    const evil = 'a\x1b]52;c;cm0=\x07b\rc';
    const text = renderFault(new Fault('usage', evil, { cause: new Error(evil), hint: evil }));
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f]/);
    assert.equal(text.split('\\u{1b}').length, 4);
  });

  it('keeps the lines of a quoted program, indented', () => {
    assert.equal(renderFault(new Fault('qemu-failed', 'one\ntwo')), 'error: one\n    two\n');
  });

  it('ends a chain of causes that bites its own tail', () => {
    const circular = new Error('again');
    circular.cause = circular;
    assert.equal(
      renderFault(new Fault('usage', 'top', { cause: circular })).split('caused by').length - 1,
      8,
    );
  });
});

describe('fault codes', () => {
  it('each end a command with an exit code of the design', () => {
    const known = new Set<number>(Object.values(EXIT));
    for (const code of Object.keys(FAULTS) as FaultCode[]) {
      assert.ok(known.has(new Fault(code, 'x').exitCode), code);
      assert.notEqual(new Fault(code, 'x').exitCode, 0, code);
    }
  });

  it('are recognised, and told from codes of the system', () => {
    const fault = new Fault('usage', 'x');
    assert.ok(
      isFault(fault) && isFault(fault, 'usage') && !isFault(fault, 'internal') && !isFault(new Error('x')),
    );
    assert.equal(systemCode(Object.assign(new Error('x'), { code: 'ENOENT' })), 'ENOENT');
    for (const odd of [undefined, null, 'ENOENT', { code: 3 }, {}]) assert.equal(systemCode(odd), undefined);
  });
});
