import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { pinnedFile, verifyFiles } from '../../bundle/assets/verify.ts';
import {
  type Folder,
  type goldenNames,
  imageNames,
  shippedNames,
  verifiedStamps,
} from '../../bundle/folder.ts';
import { Fault } from '../../fault/fault.ts';
import { hostBootId } from '../../platform/host.ts';
import { readJson, writeJson } from '../../platform/json-file.ts';
import { syncFolder } from '../../platform/whole-file.ts';
import { packFile, unpackFile } from './snapshot/packed.ts';
import { extractDevices, memoryExtents, snapshotFiles, stampOf } from './snapshot/snapshot-files.ts';
import { difference, type SnapshotKey } from './snapshot/snapshot-key.ts';
import { readSnapshotRecord, SnapshotRecord, writeSnapshotRecord } from './snapshot/snapshot-record.ts';

type Golden = Pick<ReturnType<typeof goldenNames>, 'snapshot' | 'disk' | 'making'>;
type Shipped = ReturnType<typeof shippedNames>;

/** `golden.json`: a golden snapshot as it comes with an image, packed. What the files look like on a host is not a part of it. */
export const ShippedManifest = z.object({
  version: z.literal(1),
  snapshot: z.omit(SnapshotRecord, { stamps: true }),
  /** bytes it takes on a disk */
  unpacked: z.int().check(z.minimum(0)),
  files: z.object({ 'memory.zst': pinnedFile, 'disk.zst': pinnedFile }),
});
export type ShippedManifest = z.infer<typeof ShippedManifest>;

/** @throws Fault `config-invalid` */
export function readShipped(shipped: Pick<Shipped, 'manifest'>): Promise<ShippedManifest | undefined> {
  return readJson(shipped.manifest, ShippedManifest);
}

/** Packs a golden snapshot into an image's folder. Killed, it has left none there. */
export async function shipGolden(
  golden: Golden,
  shipped: Shipped,
  signal: AbortSignal,
): Promise<ShippedManifest> {
  const files = snapshotFiles(golden.snapshot);
  const record = await readSnapshotRecord(files.record);
  if (record === undefined) throw new Fault('snapshot-unusable', 'there is no golden snapshot to pack');
  const { stamps: _, ...snapshot } = record;
  const fresh = `${shipped.home}.tmp`;
  const at = (path: string) => join(fresh, basename(path));
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  try {
    const extents = await memoryExtents(files);
    const { size } = await stat(golden.disk);
    const manifest: ShippedManifest = {
      version: 1,
      snapshot,
      unpacked: extents.reduce((sum, { length }) => sum + length, size),
      files: {
        'memory.zst': await packFile(files.memory, extents, at(shipped.memory), signal),
        'disk.zst': await packFile(golden.disk, [{ offset: 0, length: size }], at(shipped.disk), signal),
      },
    };
    await writeJson(at(shipped.manifest), manifest);
    await rm(shipped.home, { recursive: true, force: true });
    await rename(fresh, shipped.home);
    await syncFolder(dirname(shipped.home));
    return manifest;
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/**
 * Unpacks a golden snapshot that came with an image to where one made here would be. To be called by who holds the lock of golden snapshots.
 * @returns why it cannot be used; undefined when it is there now
 */
export async function unpackShipped(
  shipped: Shipped,
  golden: Golden,
  key: SnapshotKey,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    const manifest = await readShipped(shipped);
    if (manifest === undefined) return 'it is not complete';
    const why = difference(manifest.snapshot.key, key);
    if (why !== undefined) return why;
    await rm(golden.making, { recursive: true, force: true });
    await mkdir(golden.making, { recursive: true, mode: 0o700 });
    await unpackInto(golden, shipped, manifest, signal);
    return undefined;
  } catch (error) {
    if (signal?.aborted || !(error instanceof Fault)) throw error;
    return error.message;
  } finally {
    await rm(golden.making, { recursive: true, force: true });
  }
}

/** Checks every byte of what came with an image. @throws Fault `asset-corrupt`, `asset-missing`, `config-invalid` */
export async function verifyShipped(folder: Folder, image: string): Promise<void> {
  const hint = 'pcoder image build --golden only';
  for (const kind of await readdir(imageNames(folder, image).golden).catch(() => [])) {
    const shipped = shippedNames(folder, image, kind);
    const manifest = await readShipped(shipped);
    if (manifest === undefined) throw new Fault('asset-missing', `${shipped.manifest} is missing`, { hint });
    const stamps = verifiedStamps(folder, `golden-${kind}`);
    await verifyFiles(manifest.files, { base: shipped.home, stamps, hint, full: true });
  }
}

async function unpackInto(
  golden: Golden,
  shipped: Shipped,
  { snapshot, files: pinned }: ShippedManifest,
  signal: AbortSignal | undefined,
): Promise<void> {
  const files = snapshotFiles(golden.making);
  const disk = join(golden.making, basename(golden.disk));
  await Promise.all([
    unpackFile(shipped.memory, pinned['memory.zst'], files.memory, signal),
    unpackFile(shipped.disk, pinned['disk.zst'], disk, signal),
  ]);
  await extractDevices(files);
  const stamps = {
    hostBoot: hostBootId(),
    memory: await stampOf(files.memory),
    devices: await stampOf(files.devices),
  };
  await writeSnapshotRecord(files.record, {
    ...snapshot,
    stamps,
    disk: { ...snapshot.disk, file: basename(disk), stamp: await stampOf(disk) },
  });
  await rename(golden.making, golden.snapshot);
  await syncFolder(dirname(golden.snapshot));
}
