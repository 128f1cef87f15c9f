import { readdir } from 'node:fs/promises';
import { Fault, systemCode } from '../../fault/fault.ts';
import { readJson } from '../../platform/json-file.ts';
import { type Folder, imageNames, runtimeNames, verifiedStamps } from '../folder.ts';
import { loadChecked } from './checked-manifest.ts';
import { type ImageManifest, imageManifest, vmManifest } from './image-manifest.ts';

/** A verified guest image. Paths are absolute. */
export interface Image {
  id: string;
  kernel: string;
  initrd: string;
  /** the read-only qcow2 that overlays are made on */
  root: string;
  manifest: ImageManifest;
}

export const BUILD_HINT = 'pcoder image build';

/** The image `vm-manifest.json` names; undefined when none was ever built here. */
export async function currentImageId(folder: Folder): Promise<string | undefined> {
  return (await readJson(runtimeNames(folder).vmManifest, vmManifest))?.image;
}

/**
 * The current image, or the named one (a machine keeps the image its overlay was made on), verified.
 * @throws Fault `asset-missing`, `asset-corrupt`, `config-invalid`
 */
export async function loadImage(folder: Folder, id?: string): Promise<Image> {
  const wanted = id ?? (await currentImageId(folder));
  if (wanted === undefined)
    throw new Fault('asset-missing', 'there is no guest image yet', { hint: BUILD_HINT });
  return await verifyImage(folder, wanted);
}

/**
 * Checks an image against its manifest: with `full` every byte, else only files that changed since the last full check.
 * @throws Fault `asset-missing`, `asset-corrupt`, `config-invalid`
 */
export async function verifyImage(
  folder: Folder,
  id: string,
  options: { full?: boolean } = {},
): Promise<Image> {
  const names = imageNames(folder, id);
  const hint = `remove ${names.image} and run ${BUILD_HINT}`;
  const stamps = verifiedStamps(folder, `image-${id}`);
  const checks = { base: names.image, stamps, hint, ...options };
  const manifest = await loadChecked(names.manifest, imageManifest, checks, ({ id: described }) => {
    if (described !== id)
      throw new Fault('asset-corrupt', `${names.manifest} describes another image, ${described}`, { hint });
  });
  if (manifest === undefined)
    throw new Fault('asset-missing', `the guest image ${id} is not here`, { hint: BUILD_HINT });
  return { id, kernel: names.kernel, initrd: names.initrd, root: names.root, manifest };
}

/** What is under `runtime/linux/images`, unverified, and which one is current. */
export async function listImages(folder: Folder): Promise<{ manifest: ImageManifest; current: boolean }[]> {
  const current = await currentImageId(folder);
  const found: { manifest: ImageManifest; current: boolean }[] = [];
  for (const id of await folders(runtimeNames(folder).images)) {
    const manifest = await readJson(imageNames(folder, id).manifest, imageManifest);
    if (manifest !== undefined) found.push({ manifest, current: manifest.id === current });
  }
  return found;
}

async function folders(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).filter((name) => !name.endsWith('.tmp')).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
