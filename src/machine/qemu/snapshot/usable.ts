import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileDigest } from '../../../bundle/fetch/digest.ts';
import { isFault } from '../../../fault/fault.ts';
import { hostBootId } from '../../../platform/host.ts';
import { syncFolder } from '../../../platform/whole-file.ts';
import { exists } from '../disk.ts';
import {
  type FileStamp,
  type SnapshotFiles,
  snapshotDigest,
  snapshotFiles,
  stampOf,
} from './snapshot-files.ts';
import { difference, type SnapshotKey } from './snapshot-key.ts';
import { readSnapshotRecord, type SnapshotRecord } from './snapshot-record.ts';

/** A snapshot that was found to fit, and is whole. */
export interface Usable {
  files: SnapshotFiles;
  record: SnapshotRecord;
}

/** Why there is a snapshot that cannot be used, for people. */
export interface Unusable {
  reason: string;
}

/**
 * Looks at the snapshot in a folder: of the same QEMU, image, size …, on the very disk it was taken with, every byte as it was written. A
 * file unchanged since it was hashed in this boot of the host is not read again.
 * @returns undefined when there is none
 */
export async function findSnapshot(
  folder: string,
  key: SnapshotKey,
  diskHome: string,
): Promise<Usable | Unusable | undefined> {
  const files = snapshotFiles(folder);
  try {
    const record = await readSnapshotRecord(files.record);
    if (record === undefined) return (await exists(folder)) ? { reason: 'it is not complete' } : undefined;
    const reason = difference(record.key, key) ?? (await damage(files, record, diskHome));
    return reason === undefined ? { files, record } : { reason };
  } catch (error) {
    if (isFault(error, 'config-invalid') || isFault(error, 'snapshot-unusable'))
      return { reason: error.message };
    throw error;
  }
}

/** Takes a suspended machine's snapshot away for good, before its guest runs: its memory must never meet the disk a second time. */
export async function consume(files: SnapshotFiles): Promise<void> {
  await discard(files);
  await rename(files.folder, consumedFolder(files));
  await syncFolder(dirname(files.folder));
}

/** Frees the space of a consumed snapshot: 0.1 s for 200 MB, which no command has to wait for. Where QEMU maps it, the space is free when that ends. */
export async function discard(files: SnapshotFiles): Promise<void> {
  await rm(consumedFolder(files), { recursive: true, force: true });
}

function consumedFolder(files: SnapshotFiles): string {
  return `${files.folder}.used`;
}

async function damage(
  files: SnapshotFiles,
  { stamps, memory, disk }: SnapshotRecord,
  diskHome: string,
): Promise<string | undefined> {
  if (!(await exists(files.memory)) || !(await exists(files.devices))) return 'a file of it is missing';
  const diskPath = join(diskHome, disk.file);
  if (!(await exists(diskPath))) return 'its disk is gone';
  const sameBoot = stamps.hostBoot === hostBootId();
  const isFresh =
    sameBoot &&
    same(await stampOf(files.memory), stamps.memory) &&
    same(await stampOf(files.devices), stamps.devices);
  if (!isFresh && (await snapshotDigest(files)) !== memory.sha256)
    return 'its content is not what was written';
  if (disk.sha256 === undefined)
    return same(await stampOf(diskPath), disk.stamp) ? undefined : 'the disk has changed since';
  const isSameDisk = sameBoot && same(await stampOf(diskPath), disk.stamp);
  return isSameDisk || (await fileDigest(diskPath)) === disk.sha256 ? undefined : 'its disk is damaged';
}

function same(one: FileStamp, other: FileStamp): boolean {
  return one.size === other.size && one.mtime === other.mtime;
}
