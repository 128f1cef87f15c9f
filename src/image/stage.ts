import { chmod, cp, mkdir, readdir, rename, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reach } from '../bundle/fetch/reach.ts';
import { Fault } from '../fault/fault.ts';
import type { ImagePlan } from './recipe.ts';
import type { Supplies } from './supplies.ts';

/** The kernel taken out of its packages. */
export interface Kernel {
  release: string;
  vmlinuz: string;
  /** folder with `kernel/…` and `modules.builtin`; later moved into the stage */
  modules: string;
}

/** Unpacks the kernel's packages without installing them: no boot loader, no initramfs of the distribution's. */
export async function unpackKernel(
  debs: readonly string[],
  work: string,
  reach: Reach,
  signal: AbortSignal,
): Promise<Kernel> {
  const tree = join(work, 'kernel');
  for (const deb of debs) await reach.run('dpkg-deb', ['-x', deb, tree], { signal });
  const name = (await readdir(join(tree, 'boot'))).find((file) => file.startsWith('vmlinuz-'));
  if (name === undefined) throw new Fault('build-failed', 'the kernel packages hold no vmlinuz');
  const release = name.slice('vmlinuz-'.length);
  const homes = [join(tree, 'usr/lib/modules', release), join(tree, 'lib/modules', release)];
  for (const modules of homes) {
    if (await stat(modules).catch(() => undefined))
      return { release, vmlinuz: join(tree, 'boot', name), modules };
  }
  throw new Fault('build-failed', `the kernel packages hold no modules of ${release}`);
}

/**
 * Packs what goes into the root beside Debian's own packages: kernel modules, Node, npm and the files of image/rootfs. Owners and
 * modes are set by tar, so neither the builder's account nor its umask shows in the image.
 */
export async function packStage(
  plan: ImagePlan,
  supplies: Supplies,
  kernel: Kernel,
  work: string,
  reach: Reach,
  signal: AbortSignal,
): Promise<string> {
  const stage = join(work, 'stage');
  const local = join(stage, 'usr/local');
  const npm = join(local, 'lib/node_modules/npm');
  await mkdir(npm, { recursive: true });
  await mkdir(join(stage, 'usr/lib/modules'), { recursive: true });
  await rename(kernel.modules, join(stage, 'usr/lib/modules', kernel.release));
  await reach.run(
    'tar',
    ['-xzf', supplies.npm.node, '-C', local, '--strip-components=1', 'package/bin/node'],
    { signal },
  );
  await reach.run('tar', ['-xzf', supplies.npm.npm, '-C', npm, '--strip-components=1'], { signal });
  for (const name of ['npm', 'npx']) {
    await chmod(join(npm, `bin/${name}-cli.js`), 0o755);
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, 'bin', name));
  }
  await cp(join(plan.home, 'rootfs'), stage, { recursive: true });
  await cp(join(plan.home, 'customize.sh'), join(stage, 'customize.sh'));
  const archive = join(work, 'stage.tar');
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name', '--mode=u+rwX,go+rX,go-w'];
  await reach.run('tar', [...owner, '-C', stage, '-cf', archive, '.'], { signal });
  return archive;
}
