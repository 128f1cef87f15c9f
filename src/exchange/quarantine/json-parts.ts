/**
 * What npm and its kin run at installing without being asked for it by name, what loads code into editors, and
 * dependencies that come from elsewhere than the registry. Scripts a person starts by name are not part of it: they run
 * the project's own code, which the guest writes anyway.
 */
export function packageParts(text: string): string {
  const file = objectIn(text);
  const scripts = chosen(objectOr(file['scripts']), (name) => LIFECYCLE.has(name));
  const parts = { ...chosen(file, (name) => PACKAGE_KEYS.has(name)), scripts };
  return written({ ...parts, dependencies: DEPENDENCIES.flatMap((key) => unusual(key, file[key])) });
}

/** Composer runs the scripts of its events, and plugins. */
export function composerParts(text: string): string {
  const file = objectIn(text);
  const scripts = chosen(objectOr(file['scripts']), (name) => /^(pre|post)-|^(init|command)$/.test(name));
  return written({ ...chosen(file, (name) => COMPOSER_KEYS.has(name)), scripts });
}

/** Becomes what everything is inherited from in programs that copy objects carelessly. */
const PROTOTYPE = '__proto__';

const LIFECYCLE = new Set(
  ['install', 'prepare', 'publish', 'pack', 'uninstall', 'version']
    .flatMap((name) => [name, `pre${name}`, `post${name}`])
    .concat('prepublishOnly', 'dependencies', 'pnpm:devPreinstall', PROTOTYPE),
);

const PACKAGE_KEYS = new Set([
  PROTOTYPE,
  'babel',
  'bundledDependencies',
  'bundleDependencies',
  'commitlint',
  'config',
  'devEngines',
  'eslintConfig',
  'gitHooks',
  'gypfile',
  'husky',
  'lint-staged',
  'nx',
  'packageManager',
  'pnpm',
  'postcss',
  'pre-commit',
  'pre-push',
  'prettier',
  'simple-git-hooks',
  'stylelint',
  'trustedDependencies',
  'volta',
  'workspaces',
]);

const DEPENDENCIES = [
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
  'overrides',
  'resolutions',
  'catalog',
  'catalogs',
];

const COMPOSER_KEYS = new Set([PROTOTYPE, 'config', 'extra', 'repositories', 'type']);

/** Names, versions and tags of the registry; everything else (URLs, git, files, other names) is fetched from elsewhere. */
const USUAL = /^((workspace|catalog):)?[\w.*^~<>=|+ -]*$/;

function unusual(where: string, value: unknown): string[] {
  if (typeof value === 'string') return USUAL.test(value) ? [] : [`${where}=${value}`];
  if (value === undefined) return [];
  if (typeof value !== 'object' || value === null) return [`${where}=${JSON.stringify(value)}`];
  return Object.entries(value).flatMap(([name, inner]) => unusual(`${where}/${name}`, inner));
}

type Fields = Record<string, unknown>;

/** @throws when it is no JSON object */
function objectIn(text: string): Fields {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object');
  return { ...value };
}

/** @throws when it is there and no object */
function objectOr(value: unknown): Fields {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('not an object');
  return { ...value };
}

function chosen(fields: Fields, is: (name: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => is(name)));
}

/** The same text for the same parts in any order; '' for none. */
function written(parts: Fields): string {
  const filled = Object.entries(parts).filter(([, value]) => !isEmpty(value));
  return filled.length === 0 ? '' : JSON.stringify(sorted(Object.fromEntries(filled)));
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, inner]) => [name, sorted(inner)]);
}
