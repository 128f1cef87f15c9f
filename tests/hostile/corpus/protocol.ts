import { END_RECORD, encodeRecord } from '../../../src/exchange/shared/record.ts';
import { fault, type HostileCase } from '../case.ts';
import { file, folder } from '../claims.ts';
import { type Lies, rawRecord, sent } from '../lying-guest.ts';

const A = file('a', 'content');
const B = file('b', 'another');
const ESCAPES = '\u001b]0;owned\u0007\u001b[2J\u202e\r\n';

/** Bytes where a stream of records should be. */
const NO_RECORDS: [string, () => Iterable<Uint8Array>][] = [
  ['nothing at all', () => []],
  ['half a length', () => [Buffer.from([1, 0])]],
  ['half a record', () => [encodeRecord({ present: true }).subarray(0, 9)]],
  ['a record of 4 GiB', () => [Buffer.from([255, 255, 255, 255])]],
  ['a record one byte too long', () => [rawRecord(' '.repeat(256 * 1024 + 1))]],
  ['no JSON', () => [rawRecord('{{'), END_RECORD]],
  ['no UTF-8', () => [rawRecord(Buffer.from([0x22, 0xc0, 0xaf, 0x22])), END_RECORD]],
  ['a lone surrogate as UTF-8', () => [rawRecord(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), END_RECORD]],
  ['a byte order mark', () => [rawRecord('\ufeff{"present":true}'), END_RECORD]],
  ['a number', () => [rawRecord('1e999'), END_RECORD]],
  ['null', () => [rawRecord('null'), END_RECORD]],
  ['nesting without end', () => [rawRecord('['.repeat(128 * 1024)), END_RECORD]],
  ['deep nesting that closes', () => [rawRecord(`${'['.repeat(1e5)}${']'.repeat(1e5)}`), END_RECORD]],
  ['objects nested deeply', () => [rawRecord(`${'{"a":'.repeat(4e4)}1${'}'.repeat(4e4)}`), END_RECORD]],
  ['a field too many', () => [encodeRecord({ present: true, more: 1 }), END_RECORD]],
  ['fields named by escape sequences', () => [encodeRecord({ present: true, [ESCAPES]: 1 }), END_RECORD]],
  ['values of escape sequences', () => [encodeRecord({ present: ESCAPES }), END_RECORD]],
  ['a field name of 200 KB', () => [encodeRecord({ ['x'.repeat(2e5)]: 1 }), END_RECORD]],
  [
    'ten thousand unknown fields',
    () => [encodeRecord(Object.fromEntries(Array.from({ length: 1e4 }, (_, n) => [`x${n}`, 1]))), END_RECORD],
  ],
  [
    'too many entries in one record',
    () => [
      encodeRecord({ entries: Array.from({ length: 201 }, (_, n) => folder(`d${n}`).entry) }),
      END_RECORD,
    ],
  ],
  ['a record after the end', () => [END_RECORD, encodeRecord({ present: true })]],
  ['bytes after the end', () => [END_RECORD, Buffer.from('x')]],
  [
    'a refusal of everything',
    () => [encodeRecord({ refused: [{ path: '', reason: 'unreadable' }] }), END_RECORD],
  ],
  ['a reason nobody has', () => [encodeRecord({ refused: [{ path: 'x', reason: ESCAPES }] }), END_RECORD]],
  [
    'a refusal with a sentence',
    () => [encodeRecord({ refused: [{ path: 'x', reason: 'name', text: 'x' }] }), END_RECORD],
  ],
  [
    'a refused path of 20,000 characters',
    () => [encodeRecord({ refused: [{ path: 'x'.repeat(20_000), reason: 'name' }] }), END_RECORD],
  ],
  ['records that say nothing, without end', () => endless(encodeRecord({ entries: [] }))],
  ['presence said again and again', () => endless(encodeRecord({ present: true }))],
];

export const PROTOCOL: readonly HostileCase[] = [
  ...NO_RECORDS.map(([what, bytes]): HostileCase => lying(`a listing of ${what}`, { listing: bytes })),
  ...NO_RECORDS.map(([what, bytes]): HostileCase => lying(`files sent as ${what}`, { files: bytes })),
  lying(
    'an operation nobody knows',
    { files: () => [encodeRecord({ op: 'link', entry: A.entry }), END_RECORD] },
    [A],
  ),
  lying(
    'a removal where files were asked for',
    { files: () => [encodeRecord({ op: 'remove', was: A.entry }), END_RECORD] },
    [A],
  ),
  lying(
    'a file that was not asked for',
    { files: () => [sent(file('evil').entry, 'content of evil'), END_RECORD] },
    [A],
  ),
  lying(
    'a file above the project',
    { files: () => [sent(file('../x').entry, 'content of ../x'), END_RECORD] },
    [A],
  ),
  lying('a file twice', { files: () => [sent(A.entry, 'content'), sent(A.entry, 'content'), END_RECORD] }, [
    A,
  ]),
  lying('less than announced', { files: () => [sent(A.entry, 'cont')] }, [A]),
  lying('more than announced', { files: () => [sent(A.entry, 'content and more'), END_RECORD] }, [A]),
  lying(
    'a stream that breaks in a header',
    { files: () => [encodeRecord({ op: 'put', entry: A.entry }).subarray(0, 20)] },
    [A],
  ),
  {
    ...lying('skips without end', { files: () => endless(encodeRecord({ op: 'skip', path: 'a' })) }),
    limits: { entries: 1000, bytes: 2 ** 20 },
  },
  withheld('a file that is withheld', { files: (honest) => honest.slice(1) }),
  withheld('a file that is skipped', { files: swap(() => encodeRecord({ op: 'skip', path: 'a' })) }),
  withheld('other content under the digest', { files: swap(() => sent(A.entry, 'contenT')) }),
  withheld('another file in its place', { files: swap(() => sent({ ...B.entry, path: 'a' }, 'another')) }),
  withheld('a folder in its place', {
    files: swap(() => encodeRecord({ op: 'put', entry: folder('a').entry })),
  }),
  withheld('a link in its place', {
    files: swap(() => encodeRecord({ op: 'put', entry: { path: 'a', type: 'link', target: 'mine.txt' } })),
  }),
  withheld('an executable bit that was not announced', {
    files: swap(() => sent({ ...A.entry, exec: true } as typeof A.entry, 'content')),
  }),
  ...['/', '..', '../outside', 'mine.txt', ESCAPES, '/'.repeat(16_000), 'a/'.repeat(8000)].map(
    (path): HostileCase => ({
      title: `a guest that refuses ${JSON.stringify(path.slice(0, 12))}`,
      claims: [],
      lies: {
        listing: (honest) => [
          ...honest.slice(0, -1),
          encodeRecord({ refused: [{ path, reason: 'unreadable' }] }),
          END_RECORD,
        ],
      },
      expected: () => ({ refused: { [path]: 'unreadable' } }),
    }),
  ),
];

function lying(title: string, lies: Lies, claims = [A]): HostileCase {
  return { title, claims, lies, expected: fault('protocol-violation') };
}

/** The rest goes on, and the next exchange asks again. */
function withheld(title: string, lies: Lies): HostileCase {
  return { title, claims: [A, B], lies, expected: () => ({ refused: { a: 'changed' } }) };
}

/** Something else than the file asked for first. */
function swap(other: () => Uint8Array): Lies['files'] {
  return (honest) => [other(), ...honest.slice(1)];
}

function* endless(bytes: Uint8Array): Generator<Uint8Array> {
  for (;;) yield bytes;
}
