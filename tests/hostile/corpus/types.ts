import type { Entry } from '../../../src/exchange/shared/entry.ts';
import { END_RECORD, encodeRecord } from '../../../src/exchange/shared/record.ts';
import { fault, type HostileCase, lands, refused } from '../case.ts';
import { file, folder, link } from '../claims.ts';
import { sent } from '../lying-guest.ts';

const A = file('a', 'content');
const HASH = 'entry' in A && A.entry.type === 'file' ? A.entry.digest : '';

/** Entries no honest guest lists; the first shows that the record would be taken without it. */
const NO_ENTRIES: [string, unknown][] = [
  ['a pipe', { path: 'a', type: 'fifo' }],
  ['a socket', { path: 'a', type: 'socket' }],
  ['a device', { path: 'a', type: 'device', major: 1, minor: 3 }],
  ['a hard link', { path: 'a', type: 'hardlink', target: '../outside/secret' }],
  ['a whiteout', { path: 'a', type: 'whiteout' }],
  ['no type', { path: 'a' }],
  ['no path', { type: 'folder' }],
  ['a path that is no text', { path: ['a'], type: 'folder' }],
  ['a path that is a number', { path: 1, type: 'folder' }],
  ['a path of 5000 characters', { path: 'x'.repeat(5000), type: 'folder' }],
  ['a setuid bit', { ...A.entry, mode: 0o4755 }],
  ['an owner', { ...A.entry, uid: 0, gid: 0 }],
  ['an extended attribute', { ...A.entry, xattr: { 'security.capability': 'x' } }],
  ['an access list', { ...A.entry, acl: [] }],
  ['a time in the listing', { ...A.entry, mtime: 0 }],
  ['a target of a file', { ...A.entry, target: '/etc/passwd' }],
  ['a link without a target', { path: 'a', type: 'link' }],
  ['a link to nothing', { path: 'a', type: 'link', target: '' }],
  ['a target of 5000 characters', { path: 'a', type: 'link', target: 'x'.repeat(5000) }],
  ['a negative size', { ...A.entry, size: -1 }],
  ['a size of 8 EiB', { ...A.entry, size: 2 ** 63 }],
  ['half a byte', { ...A.entry, size: 0.5 }],
  ['a size as text', { ...A.entry, size: '7' }],
  ['no size', { path: 'a', type: 'file', exec: false, digest: HASH }],
  ['an executable bit that is a number', { ...A.entry, exec: 1 }],
  ['no digest', { path: 'a', type: 'file', exec: false, size: 7 }],
  ['a short digest', { ...A.entry, digest: HASH.slice(1) }],
  ['a digest in capitals', { ...A.entry, digest: HASH.toUpperCase() }],
  ['a digest that is a path', { ...A.entry, digest: '../'.repeat(21).concat('x') }],
  ['a digest with a line after it', { ...A.entry, digest: `${HASH}\n` }],
  ['an inherited field', JSON.parse(`{"path":"a","type":"folder","__proto__":{"size":1}}`)],
  ['nothing', null],
  ['a list', []],
];

const OTHER_TIMES: [string, unknown][] = [
  ['a negative time', -1],
  ['a time before all times', -8.64e15],
  ['a time past all times', 8.64e15 + 1024],
  ['a time as text', '0'],
  ['no number as a time', null],
];

export const TYPES: readonly HostileCase[] = [
  ...NO_ENTRIES.map(
    ([what, entry]): HostileCase => ({
      title: `an entry with ${what}`,
      claims: [],
      lies: { listing: (honest) => [...honest.slice(0, -1), encodeRecord({ entries: [entry] }), END_RECORD] },
      expected: fault('protocol-violation'),
    }),
  ),
  ...OTHER_TIMES.map(
    ([what, mtime]): HostileCase => ({
      title: `a file sent with ${what}`,
      claims: [A],
      lies: { files: () => [sent(A.entry, 'content', { mtime }), END_RECORD] },
      expected: fault('protocol-violation'),
    }),
  ),
  {
    title: 'a file of the farthest time that is taken',
    claims: [A],
    lies: {
      files: (honest, asked) =>
        honest.map((one, index) =>
          asked[index] === 'a' ? sent(A.entry, 'content', { mtime: 8.64e15 }) : one,
        ),
    },
    expected: lands,
  },
  twice('a file', A.entry, A.entry),
  twice('a file with other content', A.entry, file('a', 'other').entry),
  twice('a file and a folder', A.entry, folder('a').entry),
  twice('a file and a link', A.entry, link('a', 'mine.txt').entry),
  twice('a folder and a link', folder('a').entry, link('a', 'src').entry),
  twice('a file of the host once more', file('mine.txt', 'mine').entry, file('mine.txt', 'evil').entry),
  {
    title: 'a folder below a file',
    claims: [A, folder('a/b'), file('a/b/c')],
    expected: refused('a/b', 'stray'),
  },
  {
    title: 'a file of 5 GiB that is not there',
    claims: [{ entry: { ...A.entry, size: 5 * 2 ** 30 } as Entry }],
    expected: fault('exchange-refused'),
  },
  {
    title: 'many files that are too much together',
    claims: Array.from({ length: 9 }, (_, n) => ({
      entry: { ...A.entry, path: `a${n}`, size: 2 ** 29 } as Entry,
    })),
    expected: fault('exchange-refused'),
  },
  {
    title: 'more files than are exchanged at once',
    claims: Array.from({ length: 40 }, (_, n) => file(`f${n}`)),
    limits: { entries: 30, bytes: 2 ** 20 },
    expected: fault('exchange-refused'),
  },
];

function twice(what: string, one: Entry, other: Entry): HostileCase {
  return {
    title: `one path twice: ${what}`,
    claims: [{ entry: one }, { entry: other }],
    expected: fault('protocol-violation'),
  };
}
