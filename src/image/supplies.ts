import { copyFile, link, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openApt, type PrivateApt } from '../bundle/fetch/apt.ts';
import { downloadAll } from '../bundle/fetch/batch.ts';
import type { DownloadRequest } from '../bundle/fetch/download.ts';
import { npmRegistry, npmRequest } from '../bundle/fetch/npm.ts';
import type { DebPackage } from '../bundle/fetch/print-uris.ts';
import { type Folder, stateNames } from '../bundle/folder.ts';
import type { ImageTools } from './build.ts';
import { findKeyring } from './keyring.ts';
import type { ImagePlan } from './recipe.ts';

/** Everything a build reads from the network, on disk and checked against signed lists or pins. */
export interface Supplies {
  apt: PrivateApt;
  keyring: string;
  /** the packages of the root file system, named as apt wants them in its archive folder */
  debs: string;
  /** the packages that make up the kernel, not installed but taken apart */
  kernelDebs: string[];
  kernelPackages: DebPackage[];
  /** npm tarballs by role */
  npm: Record<'node' | 'npm', string>;
}

/** @throws Fault `fetch-failed`, `prerequisite-missing`, `disk-full`, `interrupted` */
export async function fetchSupplies(
  folder: Folder,
  plan: ImagePlan,
  work: string,
  tools: ImageTools,
): Promise<Supplies> {
  const { progress, signal, reach } = tools;
  const { downloads, aptHome } = stateNames(folder);
  const { recipe, release } = plan;
  progress({ type: 'step', step: `package lists for ${plan.suite}` });
  const keyring = await findKeyring(folder, plan, tools);
  const apt = await openApt(join(aptHome, release.suite), { ...release, keyring }, reach, signal);
  const wanted = await apt.resolve(['?essential', ...recipe.packages, ...release.packages]);
  const kernelName = new RegExp(release.kernel.pattern);
  const kernelPackages = (await apt.resolve([release.kernel.package])).filter(({ name }) =>
    kernelName.test(name),
  );
  const registry = await npmRegistry(reach, signal);
  progress({ type: 'done', step: `package lists for ${plan.suite}` });

  const npm = recipe.npm.map((pin) => npmRequest(registry, pin));
  const requests = [...[...wanted, ...kernelPackages].map(debRequest), ...npm];
  const paths = await downloadAll(requests, reach, {
    step: `packages of ${plan.suite}`,
    downloads,
    progress,
    signal,
  });

  const debs = join(work, 'debs');
  await mkdir(debs);
  // Another name for the same bytes: apt looks for its own file names, the cache goes by content.
  for (const [index, item] of wanted.entries())
    await linkOrCopy(paths[index] ?? '', join(debs, item.fileName));
  const byRole = (role: 'node' | 'npm') =>
    paths[paths.length - npm.length + recipe.npm.findIndex((pin) => pin.role === role)] ?? '';
  return {
    apt,
    keyring,
    debs,
    kernelDebs: paths.slice(wanted.length, wanted.length + kernelPackages.length),
    kernelPackages,
    npm: { node: byRole('node'), npm: byRole('npm') },
  };
}

function debRequest(item: DebPackage): DownloadRequest {
  return { url: item.url, digest: item.digest, size: item.size, label: item.fileName };
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}
