import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isInternal } from '../../src/egress/address.ts';

const INTERNAL: [string, string[]][] = [
  [
    'this host and no host',
    ['0.0.0.0', '0.1.2.3', '127.0.0.1', '127.255.255.254', '::', '::1', '0:0:0:0:0:0:0:1'],
  ],
  [
    'private networks',
    [
      '10.0.0.1',
      '10.255.255.255',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.0.1',
      'fc00::1',
      'fdff::1',
      'fec0::1',
    ],
  ],
  [
    'shared and link-local addresses, cloud metadata among them',
    [
      '100.64.0.1',
      '100.127.255.255',
      '169.254.169.254',
      'fe80::1',
      'fe80::1%eth0',
      'febf::1',
      'fd00:ec2::254',
    ],
  ],
  [
    'addresses for tests, books and the future',
    [
      '192.0.0.8',
      '192.0.2.1',
      '198.18.0.1',
      '198.19.255.255',
      '198.51.100.7',
      '203.0.113.9',
      '240.0.0.1',
      '2001:db8::1',
      '3fff::1',
      '100::1',
    ],
  ],
  ['many at once', ['224.0.0.1', '239.255.255.255', '255.255.255.255', 'ff02::1']],
  [
    'IPv4 mapped into IPv6',
    [
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::FFFF:10.0.0.1',
      '0:0:0:0:0:ffff:169.254.169.254',
      '::ffff:a9fe:a9fe',
    ],
  ],
  ['IPv4 in the old compatible form', ['::127.0.0.1', '::7f00:1', '::192.168.1.1']],
  ['IPv4 behind NAT64', ['64:ff9b::127.0.0.1', '64:ff9b::a00:1', '64:ff9b::169.254.169.254', '64:ff9b:1::1']],
  [
    'IPv4 behind 6to4 and Teredo',
    ['2002:7f00:1::', '2002:a00:1::1', '2002:c0a8:101:5::9', '2001:0:7f00:1::'],
  ],
  [
    'what is no address',
    [
      '',
      'localhost',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '127.0.0.1.',
      '1.2.3.4:80',
      '[::1]',
      ':::',
      '1.2.3.4 ',
      '8.8.8.8\0',
    ],
  ],
];

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.1',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '2606:4700::1111',
  '2a00:1450:4001:81b::200e',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
  '2002:808:808::1',
  '2003::1',
];

describe('an address is internal when it is one of', () => {
  for (const [what, addresses] of INTERNAL) {
    it(what, () => {
      for (const address of addresses) assert.equal(isInternal(address), true, JSON.stringify(address));
    });
  }
});

describe('an address is public', () => {
  it('right beside the internal ranges and everywhere else', () => {
    for (const address of PUBLIC) assert.equal(isInternal(address), false, address);
  });
});

describe('an IPv4 address', () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const biased = fc.tuple(
    fc.oneof(octet, fc.constantFrom(0, 10, 100, 127, 169, 172, 192, 198, 203, 224)),
    fc.oneof(octet, fc.constantFrom(0, 18, 64, 168, 254)),
    octet,
    octet,
  );

  it('is judged the same in every IPv6 spelling that ends at it', () => {
    fc.assert(
      fc.property(biased, ([a, b, c, d]) => {
        const dotted = `${a}.${b}.${c}.${d}`;
        const [high, low] = [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)];
        const spellings = [
          `::ffff:${dotted}`,
          `::ffff:${high}:${low}`,
          `0:0:0:0:0:FFFF:${dotted}`,
          `64:ff9b::${dotted}`,
          `64:ff9b:0:0:0:0:${high}:${low}`,
          `2002:${high}:${low}::1`,
          `2002:${high}:${low}:a:b:c:d:e`,
        ];
        for (const spelling of spellings) assert.equal(isInternal(spelling), isInternal(dotted), spelling);
      }),
    );
  });

  it('or IPv6 address of any kind gives an answer, never an error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: 'binary' })), (text) => {
        assert.equal(typeof isInternal(text), 'boolean');
      }),
    );
  });
});
