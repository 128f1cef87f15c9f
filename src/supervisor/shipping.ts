import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { realReach } from '../bundle/fetch/reach.ts';
import { takeTurn } from '../bundle/fetch/turn.ts';
import { type Folder, goldenNames, imageNames, shippedNames, stateNames } from '../bundle/folder.ts';
import type { Progress } from '../bundle/progress.ts';
import { type MachineSize, machineSize } from '../bundle/settings.ts';
import { endLeftMaking, makeGolden } from '../machine/qemu/golden.ts';
import { shipGolden } from '../machine/qemu/shipped.ts';
import { keyName } from '../machine/qemu/snapshot/snapshot-key.ts';
import { snapshotKey } from '../machine/qemu/start-plan.ts';
import type { Verdict } from '../machine/qemu/verdict.ts';
import { hostSystem } from '../platform/host.ts';
import { machineParts } from './machine-parts.ts';

/** What hosts with 4 GiB and 2 processors, or 4 and more, give a machine nobody has chosen a size for. */
const SIZES: readonly MachineSize[] = [2, 4].map((cpus) => machineSize({}, { memory: 8 * 2 ** 30, cpus }));

/** A processor that every host can emulate is the only one a snapshot can be carried to another host with. */
const EMULATED: Verdict = { key: '', accelerator: 'tcg', reason: 'for any host', trials: [] };

export interface ShippedSize extends MachineSize {
  /** bytes beside the image */
  packed: number;
}

/**
 * Makes golden snapshots of emulated guests on an image, and packs them beside it: where the folder is carried to, even the first machine
 * starts from one. They replace those that were there.
 * @throws Fault `qemu-failed`, `boot-timeout`, `disk-full`, `interrupted`, …
 */
export async function shipGoldenSnapshots(
  folder: Folder,
  image: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<ShippedSize[]> {
  using _turn = await takeTurn(folder, 'image', progress, signal, realReach);
  // Of earlier programs and QEMUs, too.
  await rm(imageNames(folder, image).golden, { recursive: true, force: true });
  const shipped: ShippedSize[] = [];
  for (const size of SIZES) {
    const step = `making the golden snapshot for ${size.cpus} processors`;
    progress({ type: 'step', step });
    shipped.push({ ...size, packed: await ship(folder, image, size, signal) });
    progress({ type: 'done', step });
  }
  return shipped;
}

async function ship(folder: Folder, image: string, size: MachineSize, signal: AbortSignal): Promise<number> {
  // Not where this host keeps its own: those are of the kinds it has used.
  const work = join(stateNames(folder).builds, `golden-${size.cpus}`);
  const common = machineParts(folder, size);
  const parts = {
    ...common,
    accelerator: async () => EMULATED,
    assets: () => common.assets(image),
    note: () => {},
    // Somebody waits for it.
    background: false,
  };
  const [known, agent] = await Promise.all([parts.assets(), parts.agent()]);
  const sized = { ...size, accelerator: EMULATED.accelerator, sandbox: hostSystem() === 'linux' };
  const kind = keyName(snapshotKey({ ...known, agent, size: sized }));
  const golden = goldenNames({ ...folder, state: work }, kind);
  // A command that was killed has left a guest.
  await endLeftMaking(parts, dirname(golden.snapshot));
  await rm(work, { recursive: true, force: true });
  try {
    await makeGolden(parts, golden, kind, signal);
    const { files } = await shipGolden(golden, shippedNames(folder, image, kind), signal);
    return files['memory.zst'].size + files['disk.zst'].size;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
