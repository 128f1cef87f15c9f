import { join } from 'node:path';
import { execa } from 'execa';
import { type StockImage, startStock } from './stock-guest.ts';

const SNAPSHOT = 'up';

/** A stock guest that was saved while it ran (`savevm`), as people do it who know QEMU. */
export interface SavedStock {
  /** milliseconds the saving took */
  savedIn: number;
  /** Goes on from there, as often as one likes. @returns milliseconds from QEMU's start until `ssh … true` had returned */
  load(): Promise<number>;
}

/** Boots a stock guest on a disk of its own and saves it. */
export async function saveStock(image: StockImage, signal: AbortSignal): Promise<SavedStock> {
  const root = join(image.scratch, 'saved.qcow2');
  const command = image.qemu.command('qemu-img');
  const backing = ['-b', image.files.root, '-F', 'qcow2'];
  await execa(command.file, [...command.args, 'create', '-q', '-f', 'qcow2', ...backing, root], {
    env: command.env,
  });
  const guest = await startStock(image, signal, { keep: true, root });
  const savedIn = await guest.save(SNAPSHOT).finally(() => guest.kill());
  return {
    savedIn,
    async load() {
      // Kept, because a temporary layer would hide the snapshot; each load begins from it all the same.
      const loaded = await startStock(image, signal, { keep: true, root, load: SNAPSHOT });
      await loaded.kill();
      return loaded.startedIn;
    },
  };
}
