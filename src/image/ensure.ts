import { currentImageId, type Image, loadImage, verifyImage } from '../bundle/assets/image.ts';
import { ensureQemu } from '../bundle/fetch/qemu.ts';
import { type Reach, realReach } from '../bundle/fetch/reach.ts';
import { takeTurn } from '../bundle/fetch/turn.ts';
import type { Folder } from '../bundle/folder.ts';
import type { Progress } from '../bundle/progress.ts';
import { isFault } from '../fault/fault.ts';
import { buildImage } from './build.ts';
import { planImage } from './recipe.ts';
import { chooseSuite } from './suite.ts';

export interface EnsureImageOptions {
  /** a suite of the recipe; without it the current image is taken as it is, and the first one is chosen by what can be reached */
  suite?: string | undefined;
  /** build it even when it is here */
  rebuild?: boolean;
}

/**
 * The guest image and the QEMU that starts it: verified if they are here, built and fetched if not (a minute or more). An image of an older recipe stays good until asked otherwise:
 * program and image version independently.
 * @throws Fault `asset-corrupt`, `prerequisite-missing`, `fetch-failed`, `build-failed`, `disk-full`, `interrupted`, `usage`
 */
export async function ensureImage(
  folder: Folder,
  options: EnsureImageOptions,
  progress: Progress,
  signal: AbortSignal,
  reach: Reach = realReach,
): Promise<Image> {
  const qemu = await ensureQemu(folder, progress, signal, reach);
  const here = options.rebuild ? undefined : await present(folder, options.suite);
  if (here !== undefined) return here;
  using _turn = await takeTurn(folder, 'image', progress, signal, reach);
  const meanwhile = options.rebuild ? undefined : await present(folder, options.suite);
  if (meanwhile !== undefined) return meanwhile;
  const plan = await planImage(options.suite ?? (await chooseSuite(reach, progress, signal)));
  return await buildImage(folder, plan, { qemu, progress, signal, reach });
}

async function present(folder: Folder, suite: string | undefined): Promise<Image | undefined> {
  try {
    const id = await currentImageId(folder);
    if (id === undefined) return undefined;
    if (suite === undefined || id.startsWith(`${suite}-`)) return await loadImage(folder, id);
    return await verifyImage(folder, (await planImage(suite)).id);
  } catch (error) {
    if (isFault(error, 'asset-missing')) return undefined;
    throw error;
  }
}
