import type { RuleSet } from '../rules.ts';

/** What package managers run or obey. */
export const PACKAGE_MANAGERS: readonly RuleSet[] = [
  {
    by: 'package managers',
    reason: 'a package manager runs programs it names or fetches from where it says',
    paths: [
      '.npmrc',
      '.yarnrc',
      '.yarnrc.yml',
      '.yarn/',
      '.pnpmfile.cjs',
      '.pnpmfile.mjs',
      'pnpmfile.js',
      'pnpm-workspace.yaml',
      'bunfig.toml',
      'binding.gyp',
      '.pypirc',
      'pip.conf',
      'pip.ini',
      'uv.toml',
      '.condarc',
      '.bundle/',
      'Gemfile',
      'gems.rb',
      'nuget.config',
    ],
  },
  {
    by: 'package managers',
    reason: 'installing packages runs it',
    paths: [
      'setup.py',
      'sitecustomize.py',
      'usercustomize.py',
      'site-packages/',
      '.venv/',
      'venv/',
      'pyvenv.cfg',
    ],
  },
  {
    by: 'package managers',
    reason: 'the parts of it that run at installing or in editors have changed',
    paths: ['package.json', 'composer.json', 'pyproject.toml', 'setup.cfg', 'tox.ini', 'Cargo.toml'],
    byContent: true,
  },
];
