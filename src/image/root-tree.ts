import { join } from 'node:path';
import type { Reach } from '../bundle/fetch/reach.ts';
import type { Progress } from '../bundle/progress.ts';
import type { BuildMode } from './prerequisites.ts';
import type { ImagePlan } from './recipe.ts';
import type { Supplies } from './supplies.ts';

/**
 * Installs the packages into a new tree with mmdebstrap and gives it as one tar file, the only form that keeps owners for an ordinary
 * user too. Expects `debs/` and `stage.tar` in the work folder, which is its current folder: so no path in a hook needs quoting.
 * @throws Fault `build-failed` with mmdebstrap's last words
 */
export async function installRoot(
  plan: ImagePlan,
  supplies: Supplies,
  kernel: string,
  work: string,
  how: { mode: BuildMode; reach: Reach; progress: Progress; signal: AbortSignal },
): Promise<string> {
  const step = `installing the packages of ${plan.suite}`;
  how.progress({ type: 'step', step });
  const args = mmdebstrapArguments(plan, supplies, kernel, how.mode);
  const wrapped = [...(await wrapping(how)), 'mmdebstrap', ...args];
  // Mapped users cannot enter the work folder of an ordinary user; root's tree lies there, to be removed with it.
  const env = { SOURCE_DATE_EPOCH: undefined, TMPDIR: how.mode === 'unshare' ? '/tmp' : work };
  await how.reach.run('setpriv', wrapped, { name: 'mmdebstrap', cwd: work, env, signal: how.signal });
  how.progress({ type: 'done', step });
  return join(work, 'root.tar');
}

/**
 * Should this process be killed, mmdebstrap ends too. Told by a signal it takes its time, and as root it would leave mounts behind; in
 * namespaces of its own, where root is allowed them (not in every container), everything ends at once.
 */
async function wrapping(how: { mode: BuildMode; reach: Reach; signal: AbortSignal }): Promise<string[]> {
  const told = ['--pdeathsig', 'TERM'];
  if (how.mode !== 'root') return told;
  const apart = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const allowed = await how.reach.run('unshare', [...apart, 'true'], { signal: how.signal }).then(
    () => true,
    () => false,
  );
  return allowed ? ['--pdeathsig', 'KILL', 'unshare', ...apart] : told;
}

export function mmdebstrapArguments(
  plan: ImagePlan,
  supplies: Pick<Supplies, 'apt' | 'keyring'>,
  kernel: string,
  mode: BuildMode,
): string[] {
  const { recipe, release } = plan;
  return [
    `--mode=${mode}`,
    '--variant=apt',
    '--format=tar',
    `--include=${[...recipe.packages, ...release.packages].join(',')}`,
    `--components=${release.components.join(',')}`,
    `--keyring=${supplies.keyring}`,
    ...supplies.apt.settings.map((line) => `--aptopt=${line.replace(/;$/, '')}`),
    '--aptopt=APT::Install-Recommends "false"',
    '--aptopt=Acquire::Languages "none"',
    ...recipe.exclude.map((path) => `--dpkgopt=path-exclude=${path}`),
    // What is fetched already is found by apt in its own archive folder.
    '--skip=download/empty',
    '--setup-hook=mkdir -p "$1/var/cache/apt/archives"',
    '--setup-hook=sync-in debs /var/cache/apt/archives',
    '--customize-hook=tar-in stage.tar /',
    `--customize-hook=chroot "$1" sh /customize.sh ${[kernel, ...recipe.masked].join(' ')}`,
    release.suite,
    'root.tar',
    ...supplies.apt.sources,
  ];
}
