import { stat } from 'node:fs/promises';
import { takeTurn } from '../../src/bundle/fetch/turn.ts';
import type { Folder } from '../../src/bundle/folder.ts';
import type { ImageTools } from '../../src/image/build.ts';
import { benchPlaces } from '../places.ts';
import { buildStock, stockFiles } from './build.ts';
import { planStock } from './recipe.ts';
import { type StockImage, startStock } from './stock-guest.ts';

/**
 * The stock guest of a suite, built unless it is there. A new one is started once and shut down properly, so that no measured start
 * pays for what only a first one does (its machine id, the journal, the catalogue).
 * @throws Fault why it cannot be had
 */
export async function readyStock(
  folder: Folder,
  suite: string,
  run: Omit<StockImage, 'files' | 'commandLine' | 'qemu'>,
  tools: ImageTools,
): Promise<StockImage> {
  const plan = await planStock(suite);
  const home = benchPlaces(folder).stock(plan.id);
  const image = (at: string): StockImage => ({
    ...run,
    files: stockFiles(at),
    commandLine: plan.commandLine,
    qemu: tools.qemu,
  });
  if (await isThere(home)) return image(home);
  using _turn = await takeTurn(folder, 'bench-stock', tools.progress, tools.signal, tools.reach);
  await buildStock(folder, plan, home, tools, async (fresh) => {
    const guest = await startStock(image(fresh), tools.signal, { keep: true });
    await guest.shutDown();
  });
  return image(home);
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
