import { type HostileCase, refusedOnWindows } from '../case.ts';
import { file, folder, link } from '../claims.ts';
import { named } from './paths.ts';

const DEVICES = [
  'con',
  'CON',
  'Prn',
  'aux',
  'NUL',
  'conin$',
  'CONOUT$',
  'com1',
  'COM9',
  'com0',
  'lpt1',
  'LPT9',
  'lpt0',
];

/** What Win32 would take for something else, or not at all; ordinary names on Linux (git, `is_valid_win32_path`). */
const NAMES = [
  ...DEVICES,
  ...DEVICES.map((name) => `${name}.txt`),
  'com¹',
  'COM²',
  'lpt³',
  'LPT¹.c',
  'nul ',
  'nul .txt',
  'aux  .c',
  'nul.tar.gz',
  'con.',
  'x. . ',
  'file.txt:evil',
  'PROGRA~1',
  'gi7eba~1',
  'GITMOD~1',
  'gitatt~1.x',
  'a~1.b',
  'x|y',
  'x>y',
] as const;

export const WINDOWS_NAMES: readonly HostileCase[] = [
  ...NAMES.map(
    (name): HostileCase => ({
      title: `a file ${named(name)}`,
      claims: [file(name)],
      expected: refusedOnWindows(name),
    }),
  ),
  ...NAMES.map(
    (name): HostileCase => ({
      title: `a folder ${named(name)} with something in it`,
      claims: [folder('sub'), folder(`sub/${name}`), file(`sub/${name}/x`)],
      expected: refusedOnWindows(`sub/${name}`),
    }),
  ),
  ...['nul', 'src/con', 'aux.txt', 'x. ', 'PROGRA~1/x'].map(
    (target): HostileCase => ({
      title: `a link to ${named(target)}`,
      claims: [link('l', target)],
      expected: ({ links, windowsNames }) => ({ refused: links && !windowsNames ? {} : { l: 'link' } }),
    }),
  ),
];
