import { fault, type HostileCase, lands, refused, refusedOnWindows } from '../case.ts';
import { file, folder, link } from '../claims.ts';

const NEVER = [
  '../x',
  '../../x',
  'a/../../x',
  'src/../../x',
  'src/..',
  'src/.',
  '/x',
  '/etc/passwd',
  '//x',
  '/',
  './x',
  '.',
  '..',
  'src//x',
  'src/',
  '../project-evil/x',
  '../outside/secret',
  '~/../x/..',
  'C:x',
  'C:\\x',
  'c:/x',
  'Z:',
  '\\x',
  '..\\x',
  'src\\..\\..\\x',
  '\\\\server\\share\\x',
  '\\\\?\\C:\\x',
  '\\\\.\\pipe\\x',
  '//server/share/x',
  '//?/C:/x',
  'a\0b',
  'a\0/../../x',
  '\0',
  'a\nb',
  'a\rb',
  'a\tb',
  'a\u001b]0;owned\u0007',
  'a\u001b]52;c;ZXZpbA==\u0007',
  'a\u007fb',
  'a\u0085b',
  'a\u009b31mb',
  '\ud800',
  'a\udc00b',
  'a\ufffdb',
  'f::$DATA',
  'src::$INDEX_ALLOCATION/x',
] as const;

const TOO_LONG = [
  'x'.repeat(256),
  'é'.repeat(128),
  '\u{1f600}'.repeat(64),
  `src/${'x'.repeat(300)}/x`,
  'd/'.repeat(100).concat('x'),
  'd/'.repeat(1000).concat('x'),
] as const;

/** Odd, but one name of an ordinary file: it lands under exactly this name and nowhere else. */
const ORDINARY = [
  '...x',
  '%2e%2e',
  '%2e%2e%2fx',
  '\uff0e\uff0e',
  '\uff0e\uff0e\uff0fx',
  '..\u2215x',
  '..\u2044x',
  '..\u29f8x',
  '\u2025',
  '-rf',
  '--help',
  '-',
  '~',
  '~root',
  '$HOME',
  '$(touch x)',
  '`touch x`',
  ';x',
  "a'b",
  'x'.repeat(255),
  '\u202egpj.exe.x',
  'a\u2066b',
  'a\u200bb',
  'a\u00adb',
  'a\ufe0fb',
  'a\u3164b',
  'a\u2028b',
  'a\u{e0041}b',
  'a\ue000b',
] as const;

/** Names like any other on Linux that Windows cannot hold. */
const NOT_ON_WINDOWS = ['...', 'a|b', 'a*b', 'a?b', 'a<b', 'a"b', 'ab:c', 'x ', 'x.'] as const;

export const PATHS: readonly HostileCase[] = [
  ...NEVER.flatMap((path) => every(path, 'name')),
  ...TOO_LONG.flatMap((path) => every(path, 'too-long')),
  ...ORDINARY.map(
    (path): HostileCase => ({ title: `a file ${named(path)}`, claims: [file(path)], expected: lands }),
  ),
  ...NOT_ON_WINDOWS.map(
    (path): HostileCase => ({
      title: `a folder ${named(path)}`,
      claims: [folder(path), file(`${path}/x`)],
      expected: refusedOnWindows(path),
    }),
  ),
  { title: 'a file without a name', claims: [file('')], expected: fault('protocol-violation') },
  {
    title: 'a path of 4,120 bytes',
    claims: [file('a/'.repeat(2060))],
    expected: fault('protocol-violation'),
  },
  { title: 'a file without its folder', claims: [file('none/x')], expected: refused('none/x', 'stray') },
  { title: 'a file below a file', claims: [file('f'), file('f/x')], expected: refused('f/x', 'stray') },
  {
    title: 'a folder below a file of the host',
    claims: [folder('mine.txt/d')],
    expected: refused('mine.txt/d', 'stray'),
  },
];

/** As a file, as a folder with something in it, and as a link. */
function every(path: string, reason: 'name' | 'too-long'): HostileCase[] {
  return [
    { title: `a file ${named(path)}`, claims: [file(path)], expected: refused(path, reason) },
    { title: `a folder ${named(path)}`, claims: [folder(path)], expected: refused(path, reason) },
    { title: `a link ${named(path)}`, claims: [link(path, 'mine.txt')], expected: refused(path, reason) },
  ];
}

export function named(path: string): string {
  const text = JSON.stringify(path).replace(/[^ -~]/gu, (one) => `\\u{${one.codePointAt(0)?.toString(16)}}`);
  return text.length > 60 ? `${text.slice(0, 50)}… of ${path.length}` : text;
}
