import { lstat, readFile, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../../fault/fault.ts';
import { visible } from '../../fault/visible.ts';
import { findGit, type GitProgram, gitVersion } from './git-program.ts';
import { GitRefusal } from './refusal.ts';

export type ObjectFormat = 'sha1' | 'sha256';

/** A repository of the host whose work tree is the project. */
export interface HostRepository {
  /** bound to this repository: nothing is looked for any more */
  git: GitProgram;
  root: string;
  version: [number, number];
  format: ObjectFormat;
  /** absolute paths of what is read directly */
  files: { index: string; exclude: string; sparse: string; objects: string };
  /** commits at which a shallow history ends */
  shallow: string[];
  /** the configuration as git sees it: lower-case keys, the last value of each */
  config: ReadonlyMap<string, string>;
  /** the part of it that is the user's or the system's */
  ownConfig: ReadonlyMap<string, string>;
}

/**
 * Opens the repository of a project; undefined when the project is none.
 * @throws GitRefusal with the reason when it is one that cannot take part
 */
export async function openRepository(root: string): Promise<HostRepository | undefined> {
  if (!(await exists(join(root, '.git')))) {
    const above = await repositoryAbove(root);
    if (above === undefined) return undefined;
    throw new GitRefusal(
      `the project is only a part of the repository ${visible(above)}; name that folder with --project`,
    );
  }
  const git = await findGit(root);
  const [version, lines] = await Promise.all([gitVersion(git), places(git)]);
  // Older ones know neither all that is checked here nor how to leave the user's configuration out.
  if (!isAtLeast(version, OLDEST)) throw new GitRefusal(`the host's git is older than ${OLDEST.join('.')}`);
  const [top = '', gitDir = '', format = '', isShallow = '', shallow = '', ...rest] = lines;
  const [index = '', exclude = '', sparse = '', objects = ''] = rest;
  if ((await realpath(top)) !== root || (await realpath(gitDir)) === root)
    throw new GitRefusal('its work tree is another folder than the project');
  if (format !== 'sha1' && format !== 'sha256')
    throw new GitRefusal(`its object format ${visible(format)} is not known`);
  const bound = git.with({ GIT_DIR: gitDir, GIT_WORK_TREE: root });
  const { config, ownConfig } = await readConfig(bound);
  if (isPartial(config))
    throw new GitRefusal('it is a partial clone: objects are missing on the host itself');
  return {
    git: bound,
    root,
    version,
    format,
    files: { index, exclude, sparse, objects },
    shallow: isShallow === 'true' ? await shallowCommits(shallow) : [],
    config,
    ownConfig,
  };
}

export function isAtLeast(version: readonly [number, number], least: readonly [number, number]): boolean {
  return version[0] > least[0] || (version[0] === least[0] && version[1] >= least[1]);
}

/** GIT_CONFIG_GLOBAL, the fsck messages about links, `rev-list` in a quarantine. */
const OLDEST = [2, 32] as const;

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    (error: unknown) => {
      if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return false;
      throw error;
    },
  );
}

async function repositoryAbove(folder: string): Promise<string | undefined> {
  const above = dirname(folder);
  if (above === folder) return undefined;
  return (await exists(join(above, '.git'))) ? above : repositoryAbove(above);
}

/** One process answers all of it. It finds the repository itself, so that git refuses one that belongs to another user. */
async function places(git: GitProgram): Promise<string[]> {
  const { code, out, said } = await git.call([
    'rev-parse',
    '--path-format=absolute',
    '--show-toplevel',
    '--absolute-git-dir',
    '--show-object-format',
    '--is-shallow-repository',
    ...['shallow', 'index', 'info/exclude', 'info/sparse-checkout', 'objects'].flatMap((path) => [
      '--git-path',
      path,
    ]),
  ]);
  if (code !== 0)
    throw new GitRefusal(
      /must be run in a work tree/.test(said)
        ? 'it has no work tree (a bare repository)'
        : `git cannot open it: ${said}`,
    );
  const lines = out.toString().split('\n').slice(0, -1);
  if (lines.length !== 9) throw new GitRefusal('its path holds a line break');
  return lines;
}

async function readConfig(git: GitProgram): Promise<Pick<HostRepository, 'config' | 'ownConfig'>> {
  const [config, ownConfig] = [new Map<string, string>(), new Map<string, string>()];
  const items = (await git.ask(['config', '--list', '-z', '--includes', '--show-scope']))
    .toString()
    .split('\0');
  for (let at = 0; at + 1 < items.length; at += 2) {
    const [scope = '', item = ''] = [items[at], items[at + 1]];
    const end = item.indexOf('\n');
    // A key without a value means true.
    const [key, value] = end < 0 ? [item, 'true'] : [item.slice(0, end), item.slice(end + 1)];
    config.set(key, value);
    if (scope === 'global' || scope === 'system') ownConfig.set(key, value);
  }
  return { config, ownConfig };
}

function isPartial(config: ReadonlyMap<string, string>): boolean {
  if (config.has('extensions.partialclone')) return true;
  return [...config].some(([key, value]) => /^remote\..*\.promisor$/.test(key) && value !== 'false');
}

async function shallowCommits(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  if (lines.length > 10_000 || lines.some((line) => !/^[0-9a-f]{40,64}$/.test(line)))
    throw new GitRefusal('its list of shallow commits cannot be read');
  return lines.sort();
}
