import { mkdir, rename, rm } from 'node:fs/promises';
import { syncFolder, writeFault } from '../../platform/whole-file.ts';
import { copyLayer, share } from './disk.ts';
import { type MachineRecord, writeRecord } from './record.ts';
import { type SnapshotRecord, writeSnapshotRecord } from './snapshot/snapshot-record.ts';

/** Every way in which forks, resets and removals change files: a test can end them between any two. */
export interface FileSteps {
  /** makes a folder only this user may enter */
  folder(path: string): Promise<void>;
  /** the same content under a second name */
  share(from: string, to: string): Promise<void>;
  /** a copy of an empty layer, whole */
  layer(empty: string, to: string): Promise<void>;
  record(path: string, record: MachineRecord): Promise<void>;
  snapshot(path: string, record: SnapshotRecord): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** a file or a folder; nothing to do when it is not there */
  remove(path: string): Promise<void>;
  /** makes what happened in a folder last */
  sync(folder: string): Promise<void>;
}

export const fileSteps: FileSteps = {
  folder: (path) => writing(path, mkdir(path, { mode: 0o700 })),
  share,
  layer: copyLayer,
  record: writeRecord,
  snapshot: writeSnapshotRecord,
  rename: (from, to) => writing(to, rename(from, to)),
  remove: (path) => writing(path, rm(path, { recursive: true, force: true })),
  sync: syncFolder,
};

async function writing(path: string, work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    throw writeFault(path, error);
  });
}
