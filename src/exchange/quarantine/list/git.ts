import type { RuleSet } from '../rules.ts';

/** What git and other version control run. */
export const GIT: readonly RuleSet[] = [
  {
    by: 'git',
    reason: 'git runs it at commits, checkouts or merges',
    paths: [
      '.husky/',
      '.githooks/',
      '.git-hooks/',
      '.lefthook/',
      '.lefthook-local/',
      'lefthook.*',
      '.lefthook.*',
      'lefthook-local.*',
      '.lefthook-local.*',
      '.pre-commit-config.*',
      '.overcommit.yml',
      '.simple-git-hooks.*',
      'simple-git-hooks.*',
      '.lintstagedrc',
      '.lintstagedrc.*',
      'lint-staged.config.*',
      '.commitlintrc',
      '.commitlintrc.*',
      'commitlint.config.*',
    ],
  },
  {
    by: 'git',
    reason: 'git fetches and runs what it names',
    paths: ['.gitmodules', '.gitconfig', '.lfsconfig', '.git-credentials'],
  },
  {
    by: 'git',
    reason: 'git takes a folder with this file for a repository and runs what its config names',
    paths: ['HEAD', 'commondir', '*.git/'],
  },
  {
    by: 'git',
    reason: 'it chooses the programs git passes files through',
    paths: ['.gitattributes'],
    byContent: true,
  },
  {
    by: 'other version control',
    reason: 'it is the folder of a version control system, hooks and configuration included',
    paths: ['.hg/', '.svn/', '.jj/', '.sl/', '.bzr/', '_darcs/', '.pijul/', '.hgrc'],
  },
];
