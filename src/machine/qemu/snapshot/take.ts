import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Progress } from '../../../bundle/progress.ts';
import { hostBootId, hostFingerprint } from '../../../platform/host.ts';
import { syncFolder } from '../../../platform/whole-file.ts';
import type { QmpClient } from '../qmp.ts';
import { saveTo } from './migration.ts';
import {
  extractDevices,
  type SnapshotFiles,
  snapshotDigest,
  snapshotFiles,
  stampOf,
} from './snapshot-files.ts';
import type { SnapshotKey } from './snapshot-key.ts';
import { type PluggedApp, type SnapshotRecord, writeSnapshotRecord } from './snapshot-record.ts';

/** Memory and devices as files, not yet tied to a disk. */
export interface Taken {
  files: SnapshotFiles;
  memory: { size: number; offset: number };
}

/** Saves a stopped guest into a new folder. The guest still exists and may go on when this fails. @throws Fault `qemu-failed`, … */
export async function takeSnapshot(
  qmp: Pick<QmpClient, 'execute'>,
  folder: string,
  progress: Progress,
): Promise<Taken> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { mode: 0o700 });
  const files = snapshotFiles(folder);
  await saveTo(qmp, files.memory, progress);
  const { size, pagesOffset } = await extractDevices(files);
  return { files, memory: { size, offset: pagesOffset } };
}

export interface TakenOf {
  key: SnapshotKey;
  bootKey: Uint8Array;
  apps: PluggedApp[];
  /** path of the layer that was written; the guest has stopped, nobody writes it any more */
  disk: string;
  diskDigest?: string;
}

/** Makes a snapshot of what was taken, under its lasting name: from here on it can be resumed. Call it when QEMU has ended. */
export async function completeSnapshot(
  { files, memory }: Taken,
  of: TakenOf,
  lasting: string,
): Promise<void> {
  await sync(files.memory);
  const record: SnapshotRecord = {
    version: 1,
    key: of.key,
    taken: new Date().toISOString(),
    host: hostFingerprint(),
    bootKey: Buffer.from(of.bootKey).toString('hex'),
    apps: of.apps,
    memory: { ...memory, sha256: await snapshotDigest(files) },
    stamps: {
      hostBoot: hostBootId(),
      memory: await stampOf(files.memory),
      devices: await stampOf(files.devices),
    },
    disk: {
      file: basename(of.disk),
      stamp: await stampOf(of.disk),
      ...(of.diskDigest === undefined ? {} : { sha256: of.diskDigest }),
    },
  };
  await writeSnapshotRecord(files.record, record);
  await rename(files.folder, lasting);
  await syncFolder(dirname(lasting));
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  await file.sync();
}
