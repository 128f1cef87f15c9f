import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileSteps } from './file-steps.ts';
import type { MachineRecord } from './record.ts';

/** Layers, and what a killed copy of one left. */
const LAYER = /^\.?(overlay|golden)[a-z0-9-]*\.qcow2(\.tmp)?$/;

/** Whether nothing was ever written into a layer. An empty one is about 200 KB. */
export async function isEmptyLayer(layer: string, empty: string): Promise<boolean> {
  const [one, other] = await Promise.all([stat(layer), stat(empty)]);
  if (one.size !== other.size) return false;
  return (await readFile(layer)).equals(await readFile(empty));
}

/** Removes the layers in a machine's folder that its record does not name: a fork or a reset that was killed left them. */
export async function removeLooseLayers(
  home: string,
  record: MachineRecord,
  steps: Pick<FileSteps, 'remove'>,
): Promise<void> {
  const named = new Set(record.emptied === true ? [] : record.disks);
  for (const name of await readdir(home))
    if (LAYER.test(name) && !named.has(name)) await steps.remove(join(home, name));
}
