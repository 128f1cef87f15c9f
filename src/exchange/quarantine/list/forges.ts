import type { RuleSet } from '../rules.ts';

/** What runs when the project is pushed. */
export const FORGES: readonly RuleSet[] = [
  {
    by: 'forges',
    reason: 'it runs with the secrets of the project as soon as it is pushed',
    paths: [
      '.github/',
      '.gitlab/',
      '.gitlab-ci.yml',
      '.gitea/',
      '.forgejo/',
      '.woodpecker/',
      '.woodpecker.yml',
      '.circleci/',
      '.buildkite/',
      '.drone.yml',
      '.travis.yml',
      '.cirrus.yml',
      'appveyor.yml',
      '.appveyor.yml',
      'azure-pipelines.yml',
      'bitbucket-pipelines.yml',
      'cloudbuild.yaml',
      'Jenkinsfile',
    ],
  },
];
