/** One thing that stays where it was made. */
export interface DefaultIgnore {
  /** as a line of an ignore file */
  pattern: string;
  reason: string;
}

/**
 * What is no part of a project unless `.pcoderignore` brings it back or git tracks it. Only names that nobody gives to
 * sources: `build`, `dist`, `target`, `vendor` and `env` are left to the project's `.gitignore`.
 */
export const DEFAULT_IGNORES: readonly DefaultIgnore[] = [
  { pattern: 'node_modules/', reason: 'npm: holds programs for one system' },
  { pattern: '.pnpm-store/', reason: 'pnpm: downloaded packages' },
  { pattern: '.yarn/cache/', reason: 'Yarn: downloaded packages' },
  { pattern: '.yarn/unplugged/', reason: 'Yarn: holds programs for one system' },
  { pattern: '.venv/', reason: 'Python: links to one system’s interpreter' },
  { pattern: '__pycache__/', reason: 'Python: compiled for one interpreter' },
  { pattern: '*.py[co]', reason: 'Python: compiled for one interpreter' },
  { pattern: '.tox/', reason: 'Python: environments of tests' },
  { pattern: '.nox/', reason: 'Python: environments of tests' },
  { pattern: '.mypy_cache/', reason: 'Python: cache of a checker' },
  { pattern: '.pytest_cache/', reason: 'Python: cache of tests' },
  { pattern: '.ruff_cache/', reason: 'Python: cache of a checker' },
  { pattern: '*.egg-info/', reason: 'Python: made by an installation' },
  { pattern: '.gradle/', reason: 'Gradle: cache with absolute paths' },
  { pattern: '.bundle/', reason: 'Ruby: settings of one installation' },
  { pattern: '.dart_tool/', reason: 'Dart: cache with absolute paths' },
  { pattern: '.next/', reason: 'Next.js: built' },
  { pattern: '.nuxt/', reason: 'Nuxt: built' },
  { pattern: '.svelte-kit/', reason: 'SvelteKit: built' },
  { pattern: '.angular/cache/', reason: 'Angular: cache' },
  { pattern: '.turbo/', reason: 'Turborepo: cache' },
  { pattern: '.parcel-cache/', reason: 'Parcel: cache' },
  { pattern: 'CMakeFiles/', reason: 'CMake: made with absolute paths' },
  { pattern: 'CMakeCache.txt', reason: 'CMake: made with absolute paths' },
  { pattern: '.terraform/', reason: 'Terraform: holds programs for one system' },
  { pattern: '.DS_Store', reason: 'macOS: state of the Finder' },
  { pattern: 'Thumbs.db', reason: 'Windows: cache of the Explorer' },
  { pattern: '.env', reason: 'secrets' },
  { pattern: '.env.local', reason: 'secrets' },
  { pattern: '.env.*.local', reason: 'secrets' },
];
