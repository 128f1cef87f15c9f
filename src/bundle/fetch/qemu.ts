import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { Fault, isFault } from '../../fault/fault.ts';
import { writeJson } from '../../platform/json-file.ts';
import { loadQemu, type QemuInstall } from '../assets/qemu.ts';
import type { QemuManifest } from '../assets/qemu-manifest.ts';
import { type PinnedFiles, pinFile } from '../assets/verify.ts';
import { type Folder, runtimeNames, stateNames } from '../folder.ts';
import type { Progress } from '../progress.ts';
import { openApt } from './apt.ts';
import { downloadAll } from './batch.ts';
import { plainFiles } from './plain-files.ts';
import type { DebPackage } from './print-uris.ts';
import { type QemuRecipe, qemuRecipe } from './qemu-recipe.ts';
import { type Reach, realReach } from './reach.ts';
import { replaceFolder } from './replace-folder.ts';
import { takeTurn } from './turn.ts';

/**
 * The pinned QEMU: verified if it is here, fetched and unpacked if not. Killed at any moment it leaves the old state or the new
 * one, and what was downloaded.
 * @throws Fault `asset-corrupt`, `prerequisite-missing`, `fetch-failed`, `disk-full`, `interrupted`
 */
export async function ensureQemu(
  folder: Folder,
  progress: Progress,
  signal: AbortSignal,
  reach: Reach = realReach,
): Promise<QemuInstall> {
  const here = await loadIfPresent(folder);
  if (here !== undefined) return here;
  using _turn = await takeTurn(folder, 'qemu', progress, signal, reach);
  const meanwhile = await loadIfPresent(folder);
  if (meanwhile !== undefined) return meanwhile;
  await fetchQemu(folder, qemuRecipe(), progress, signal, reach);
  return await loadQemu(folder);
}

async function loadIfPresent(folder: Folder): Promise<QemuInstall | undefined> {
  try {
    return await loadQemu(folder);
  } catch (error) {
    if (isFault(error, 'asset-missing')) return undefined;
    throw error;
  }
}

async function fetchQemu(
  folder: Folder,
  recipe: QemuRecipe,
  progress: Progress,
  signal: AbortSignal,
  reach: Reach,
): Promise<void> {
  const { aptHome, downloads } = stateNames(folder);
  progress({ type: 'step', step: 'package lists for QEMU' });
  const release = { ...recipe, keyring: '/usr/share/keyrings/debian-archive-keyring.gpg' };
  const apt = await openApt(join(aptHome, recipe.suite), release, reach, signal);
  const packages = (await apt.resolve(recipe.packages)).filter(({ name }) => !recipe.skip.includes(name));
  const version = qemuVersion(packages, recipe);
  progress({ type: 'done', step: 'package lists for QEMU' });

  const requests = packages.map((item) => ({
    url: item.url,
    digest: item.digest,
    size: item.size,
    label: item.fileName,
  }));
  const files = await downloadAll(requests, reach, { step: `QEMU ${version}`, downloads, progress, signal });

  await replaceFolder(runtimeNames(folder).qemu, async (fresh) => {
    const tree = join(fresh, 'tree');
    await unpack(files, tree, progress, signal, reach);
    for (const kept of recipe.keep) {
      if ((await stat(join(tree, kept))).isDirectory()) await plainFiles(join(tree, kept), tree);
    }
    for (const kept of recipe.keep) await moveInto(join(tree, kept), join(fresh, kept));
    await rm(tree, { recursive: true });
    const manifest: QemuManifest = {
      format: 1,
      version,
      suite: recipe.suite,
      packages: packages.map((item) => ({ name: item.name, version: item.version, sha256: item.digest.hex })),
      files: await pinTree(fresh, recipe.keep),
    };
    await writeJson(join(fresh, 'qemu.json'), manifest);
  });
}

function qemuVersion(packages: readonly DebPackage[], recipe: QemuRecipe): string {
  const version = packages.find(({ name }) => name === 'qemu-system-x86')?.version.replace(/^\d+:/, '');
  if (version?.startsWith(`${recipe.series}.`)) return version;
  throw new Fault(
    'fetch-failed',
    `the mirror offers QEMU ${version ?? '(none)'}, the recipe wants ${recipe.series}`,
    {
      hint: 'name another mirror in PCODER_DEBIAN_MIRROR',
    },
  );
}

async function unpack(
  files: readonly string[],
  tree: string,
  progress: Progress,
  signal: AbortSignal,
  reach: Reach,
): Promise<void> {
  const step = 'unpacking QEMU';
  progress({ type: 'step', step });
  await mkdir(tree, { recursive: true });
  for (const [index, file] of files.entries()) {
    await reach.run('dpkg-deb', ['-x', file, tree], { signal });
    progress({ type: 'amount', step, done: index + 1, total: files.length, unit: 'items' });
  }
  progress({ type: 'done', step });
}

async function moveInto(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
}

async function pinTree(base: string, kept: readonly string[]): Promise<PinnedFiles> {
  const pins: Record<string, { sha256: string; size: number }> = {};
  for (const name of kept) {
    const path = join(base, name);
    const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined);
    const files = entries
      ?.filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)) ?? [path];
    for (const file of files) pins[relative(base, file)] = await pinFile(file);
  }
  return pins;
}
