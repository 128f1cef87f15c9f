import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { QemuInstall } from '../../bundle/assets/qemu.ts';
import type { BootImage } from '../machine.ts';
import { copyLayer, ensureLayer, exists, requireLayers, share } from './disk.ts';
import type { MachineRecord } from './record.ts';

/** The file a machine's first own layer has. */
const FIRST = 'overlay.qcow2';

/** Where the layers of a machine are, and an empty one to copy. */
export interface DiskPlace {
  home: string;
  /** an empty layer for disks on this image */
  empty: string;
}

/** The record of a machine that has no disk yet, its disk made: empty, or on the disk of a golden snapshot. */
export async function newDisk(
  place: DiskPlace,
  qemu: QemuInstall,
  image: BootImage,
  golden: { disk: string; kind: string } | undefined,
): Promise<MachineRecord> {
  await addLayer(place, FIRST, qemu, image.root);
  if (golden === undefined) return { version: 1, image: image.id, disks: [FIRST] };
  const name = `golden-${golden.kind}.qcow2`;
  // One that an unfinished start left may be of an earlier snapshot of the same name.
  await rm(join(place.home, name), { force: true });
  await share(golden.disk, join(place.home, name));
  return { version: 1, image: image.id, disks: [name, FIRST], unnamed: true };
}

/** Whether anything was ever kept on the machine's disk. */
export async function hasDisk(home: string, record: MachineRecord | undefined): Promise<boolean> {
  if (record === undefined) return exists(join(home, FIRST));
  if (record.emptied === true) return false;
  if (record.disks.length === 1 && !(await exists(join(home, record.disks[0] ?? FIRST)))) return false;
  await requireLayers(home, record.disks);
  return true;
}

/** A new empty layer in a machine's folder. */
async function addLayer(
  { home, empty }: DiskPlace,
  name: string,
  qemu: QemuInstall,
  base: string,
): Promise<void> {
  await ensureLayer(qemu, empty, base);
  await copyLayer(empty, join(home, name));
}
