import type { RuleSet } from '../rules.ts';

/** What a desktop, or Windows itself, acts on. */
export const DESKTOPS: readonly RuleSet[] = [
  {
    by: 'desktops',
    reason: 'looking at the folder makes the desktop act on it',
    paths: [
      'desktop.ini',
      'autorun.inf',
      '*.lnk',
      '*.url',
      '*.scf',
      '*.library-ms',
      '*.searchConnector-ms',
      '*.settingcontent-ms',
      '*.desktop',
      '.directory',
      '*.webloc',
    ],
  },
  {
    by: 'Windows',
    reason: 'Windows runs programs of the current folder before those of the system',
    paths: [
      '*.exe',
      '*.scr',
      '*.pif',
      '*.cpl',
      '*.dll',
      ...['bat', 'cmd', 'com'].flatMap((end) =>
        [
          'git',
          'node',
          'npm',
          'npx',
          'yarn',
          'pnpm',
          'python',
          'py',
          'pip',
          'cargo',
          'go',
          'java',
          'dotnet',
          'code',
        ]
          .concat('bash', 'sh', 'ssh', 'cmd', 'powershell', 'where', 'make', 'docker', 'claude', 'codex')
          .map((name) => `${name}.${end}`),
      ),
    ],
  },
];
