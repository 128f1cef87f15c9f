import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalName, decide, HOST_LOOPBACK, parseAllowed } from '../../src/egress/allow-list.ts';
import { isFault } from '../../src/fault/fault.ts';

const list = [
  'api.example.com',
  '*.files.example.com',
  'plain.test:80',
  '203.0.113.5:8443',
  '[2001:db8::1]:443',
].map((text) => parseAllowed(text, 'test'));

describe('the allow list', () => {
  it('allows nothing when it is empty', () => {
    fc.assert(
      fc.property(fc.domain(), fc.integer({ min: 1, max: 65_535 }), (host, port) =>
        assert.equal(decide([], host, port).allowed, false),
      ),
    );
  });

  for (const [host, port] of [
    ['api.example.com', 443],
    ['API.Example.COM', 443],
    ['api.example.com.', 443],
    ['a.files.example.com', 443],
    ['a.b.files.example.com', 443],
    ['plain.test', 80],
    ['203.0.113.5', 8443],
    ['2001:db8::1', 443],
  ] as const) {
    it(`allows ${host}:${port}`, () => assert.equal(decide(list, host, port).allowed, true));
  }

  for (const [why, host, port] of [
    ['another port', 'api.example.com', 80],
    ['a name that only begins alike', 'api.example.com.evil.test', 443],
    ['a name that only ends alike', 'evil-api.example.com', 443],
    ['a name below an exact one', 'x.api.example.com', 443],
    ['the name above a wildcard', 'files.example.com', 443],
    ['a name that ends in the letters of a wildcard, without its dot', 'evilfiles.example.com', 443],
    ['a NUL behind an allowed name', 'api.example.com\0.evil.test', 443],
    ['a NUL before an allowed suffix', 'evil.test\0.files.example.com', 443],
    ['a slash before an allowed suffix', 'evil.test/.files.example.com', 443],
    ['a user part', 'user@api.example.com', 443],
    ['a space', 'api.example.com ', 443],
    ['a line break', 'api.example.com\r\nx', 443],
    ['two trailing dots', 'api.example.com..', 443],
    ['a leading dot', '.files.example.com', 443],
    ['an empty label', 'a..files.example.com', 443],
    ['a look-alike in another script', 'аpi.example.com', 443],
    ['a full-width dot', 'api。example.com', 443],
    ['a letter that lower-casing makes plain', 'api.example.com'.replace('i', '\u0130'), 443],
    ['the wildcard itself', '*.files.example.com', 443],
    ['nothing', '', 443],
  ] as const) {
    it(`refuses ${why}`, () => assert.equal(decide(list, host, port).allowed, false));
  }

  it('never lets a name through that has not the suffix with its dot', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.domain(), fc.string({ maxLength: 30 })),
        fc.constantFrom('', '.', '-', 'x'),
        (name, glue) => {
          const host = `${name}${glue}files.example.com`;
          if (decide(list, host, 443).allowed)
            assert.match(host.toLowerCase(), /^([a-z0-9_-]+\.)+files\.example\.com$/);
        },
      ),
    );
  });

  it('knows the host’s loopback by its name only, and only where it is listed', () => {
    assert.equal(decide(list, HOST_LOOPBACK, 443).allowed, false);
    const named = decide([parseAllowed(`${HOST_LOOPBACK}:9000`, 'flag')], HOST_LOOPBACK.toUpperCase(), 9000);
    assert.ok(named.allowed && named.loopback);
    const other = decide(list, 'api.example.com', 443);
    assert.ok(other.allowed && !other.loopback);
  });

  it('says which rule it was, and whose', () => {
    assert.deepEqual(decide([parseAllowed('*.example.org:8080', 'profile demo')], 'a.example.org', 8080), {
      allowed: true,
      rule: 'profile demo: *.example.org:8080',
      loopback: false,
    });
  });
});

describe('a host name', () => {
  it('is none when it is another spelling of an address', () => {
    for (const text of [
      '2130706433',
      '0x7f000001',
      '0x7f.0.0.1',
      '127.1',
      '0177.0.0.1',
      '127.0.0.1.',
      '1.2.3.4.5',
      'example.0x',
      'example.123',
      '256.1.1.1',
    ]) {
      assert.equal(canonicalName(text), undefined, text);
    }
  });

  it('has labels of 63 and 253 characters in all at most', () => {
    assert.ok(canonicalName(`${'a'.repeat(63)}.test`));
    assert.equal(canonicalName(`${'a'.repeat(64)}.test`), undefined);
    assert.equal(canonicalName(`${'a.'.repeat(125)}test`), undefined);
    assert.equal(canonicalName('-a.test'), undefined);
    assert.equal(canonicalName('a-.test'), undefined);
  });

  it('in canonical form stays as it is', () => {
    fc.assert(
      fc.property(fc.domain(), (name) => {
        const canonical = canonicalName(name);
        if (canonical !== undefined) assert.equal(canonicalName(`${canonical.toUpperCase()}.`), canonical);
      }),
    );
  });
});

describe('--allow', () => {
  for (const [text, name, port] of [
    ['example.com', 'example.com', 443],
    ['Example.COM.:8080', 'example.com', 8080],
    ['*.example.com', '*.example.com', 443],
    ['10.0.0.5:22', '10.0.0.5', 22],
    ['[fe80::1]:22', 'fe80::1', 22],
    ['[::1]', '::1', 443],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example', 443],
  ] as const) {
    it(`reads ${text}`, () => assert.deepEqual(parseAllowed(text, 'flag'), { name, port, origin: 'flag' }));
  }

  for (const text of [
    '',
    '*',
    '*.',
    '*.com',
    '*.*.com',
    'a*.example.com',
    '*.10.0.0.1',
    'example.com:0',
    'example.com:65536',
    'example.com:443:1',
    'example.com:',
    ':443',
    'https://example.com',
    'example.com/path',
    '2130706433',
    'bücher.example',
    'a b.example',
    '::1',
    '[::1',
    'example.com:44x',
  ]) {
    it(`refuses ${JSON.stringify(text)} with a hint`, () => {
      assert.throws(
        () => parseAllowed(text, 'flag'),
        (error) => isFault(error, 'usage') && error.hint !== undefined,
      );
    });
  }
});
