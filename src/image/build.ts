import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Image, verifyImage } from '../bundle/assets/image.ts';
import type { ImageManifest } from '../bundle/assets/image-manifest.ts';
import type { QemuInstall } from '../bundle/assets/qemu.ts';
import { pinFile } from '../bundle/assets/verify.ts';
import type { Reach } from '../bundle/fetch/reach.ts';
import { replaceFolder } from '../bundle/fetch/replace-folder.ts';
import { type Folder, imageNames, runtimeNames, stateNames } from '../bundle/folder.ts';
import type { Progress } from '../bundle/progress.ts';
import { isSuperuser } from '../platform/host.ts';
import { writeJson } from '../platform/json-file.ts';
import { writeWhole } from '../platform/whole-file.ts';
import { makeRootDisk } from './disk.ts';
import { initramfs, readModule } from './initramfs.ts';
import { installedPackages } from './installed.ts';
import { directKernel } from './kernel-image.ts';
import { loadOrder } from './modules.ts';
import { readyMmdebstrap } from './prerequisites.ts';
import type { ImagePlan } from './recipe.ts';
import { installRoot } from './root-tree.ts';
import { packStage, unpackKernel } from './stage.ts';
import { fetchSupplies } from './supplies.ts';

export interface ImageTools {
  qemu: QemuInstall;
  progress: Progress;
  signal: AbortSignal;
  reach: Reach;
}

/**
 * Builds the image of a plan and makes it the current one. The caller holds the turn. Killed at any moment it leaves the images there
 * were, and what was downloaded.
 * @throws Fault `prerequisite-missing`, `fetch-failed`, `build-failed`, `disk-full`, `interrupted`
 */
export async function buildImage(folder: Folder, plan: ImagePlan, tools: ImageTools): Promise<Image> {
  const { reach, progress, signal } = tools;
  const mode = await readyMmdebstrap(isSuperuser(), reach, progress, signal);
  const work = join(stateNames(folder).builds, plan.id);
  // What a killed build started may be alive for a moment more, still writing.
  await rm(work, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  await mkdir(work, { recursive: true });
  try {
    const supplies = await fetchSupplies(folder, plan, work, tools);
    const kernel = await unpackKernel(supplies.kernelDebs, work, reach, signal);
    await packStage(plan, supplies, kernel, work, reach, signal);
    const tar = await installRoot(plan, supplies, kernel.release, work, { mode, reach, progress, signal });

    progress({ type: 'step', step: 'writing the image' });
    const fromTar = (path: string) => reach.run('tar', ['-xOf', tar, `./${path}`], { signal });
    const modules = await startModules(plan, kernel.release, work, fromTar, tools);
    await replaceFolder(imageNames(folder, plan.id).image, async (fresh) => {
      await writeWhole(join(fresh, 'vmlinuz'), directKernel(await readFile(kernel.vmlinuz)));
      const init = await readFile(join(plan.home, 'init.sh'));
      await writeWhole(
        join(fresh, 'initrd'),
        initramfs({ init, busybox: await readFile(tools.qemu.busybox), modules }),
      );
      await makeRootDisk(tar, join(fresh, 'root.qcow2'), plan.recipe, work, tools);
      const manifest: ImageManifest = {
        format: 1,
        id: plan.id,
        suite: plan.suite,
        recipe: { version: plan.recipe.version, sha256: plan.sha256 },
        kernel: kernel.release,
        node: plan.recipe.npm.find(({ role }) => role === 'node')?.version ?? '',
        files: {
          vmlinuz: await pinFile(join(fresh, 'vmlinuz')),
          initrd: await pinFile(join(fresh, 'initrd')),
          'root.qcow2': await pinFile(join(fresh, 'root.qcow2')),
        },
        packages: [
          ...installedPackages(await fromTar('var/lib/dpkg/status')),
          ...supplies.kernelPackages.map(({ name, version }) => ({ name, version })),
          ...plan.recipe.npm.map(({ name, version }) => ({ name: `npm:${name}`, version })),
        ],
      };
      await writeJson(join(fresh, 'image.json'), manifest);
    });
    await writeJson(runtimeNames(folder).vmManifest, { format: 1, image: plan.id });
    progress({ type: 'done', step: 'writing the image' });
    return await verifyImage(folder, plan.id);
  } finally {
    await rm(work, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

async function startModules(
  plan: ImagePlan,
  release: string,
  work: string,
  fromTar: (path: string) => Promise<string>,
  tools: ImageTools,
): Promise<{ name: string; content: Uint8Array }[]> {
  const home = join(work, 'stage/usr/lib/modules', release);
  const lists = {
    dependencies: await fromTar(`usr/lib/modules/${release}/modules.dep`),
    builtin: await readFile(join(home, 'modules.builtin'), 'utf8'),
  };
  const unxz = async (file: string) => {
    const outputFile = join(work, 'module.ko');
    await tools.reach.run(tools.qemu.busybox, ['unxz', '-c', file], { outputFile, signal: tools.signal });
    return await readFile(outputFile);
  };
  const modules = [];
  for (const path of loadOrder(lists, plan.recipe.modules, plan.recipe.modulesIfThere))
    modules.push(await readModule(home, path, unxz));
  return modules;
}
