import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Folder, MACHINE_NAME, machineNames, stateNames } from '../../bundle/folder.ts';
import { isFault, systemCode } from '../../fault/fault.ts';
import { findLeftQemu } from './left-behind.ts';
import { type MachineRecord, readRecord } from './record.ts';
import { snapshotFiles } from './snapshot/snapshot-files.ts';
import { readSnapshotRecord } from './snapshot/snapshot-record.ts';

/** Bytes files take up on the disk: those that only this machine has, and all. The difference is shared, with forks or a golden snapshot. */
export interface Space {
  alone: number;
  all: number;
}

export interface MachineSummary {
  name: string;
  state: 'running' | 'suspended' | 'stopped';
  /** undefined for a machine that was never started, or whose record cannot be read */
  image: string | undefined;
  disk: Space;
  /** of a suspended machine */
  memory: Space;
  forkedFrom: string | undefined;
  /** ISO time of its start, its suspension or the last change of its record */
  since: string | undefined;
}

/** Every machine of a folder, by name. Reads files only. */
export async function listMachines(folder: Folder): Promise<MachineSummary[]> {
  const names = await readdir(stateNames(folder).machines).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  const machines = names.filter((name) => MACHINE_NAME.test(name)).sort();
  return Promise.all(machines.map((name) => summarizeMachine(folder, name)));
}

export async function summarizeMachine(folder: Folder, name: string): Promise<MachineSummary> {
  const names = machineNames(folder, name);
  const record = await tolerant(readRecord(names.record));
  const snapshot = snapshotFiles(names.suspended);
  const qemu = await findLeftQemu(record, names.qemuPid);
  const suspended = qemu === undefined ? await tolerant(readSnapshotRecord(snapshot.record)) : undefined;
  return {
    name,
    state: qemu !== undefined ? 'running' : suspended !== undefined ? 'suspended' : 'stopped',
    image: record?.image,
    disk: await space(disksOf(record).map((layer) => join(names.home, layer))),
    memory: suspended === undefined ? NONE : await space([snapshot.memory, snapshot.devices]),
    forkedFrom: record?.forkedFrom,
    since:
      qemu !== undefined && record?.run !== undefined
        ? record.run.since
        : (suspended?.taken ?? (await lastChange(names.record))),
  };
}

const NONE: Space = { alone: 0, all: 0 };

function disksOf(record: MachineRecord | undefined): string[] {
  return record === undefined || record.emptied === true ? [] : record.disks;
}

/** A listing shows a machine whose files are damaged, too. */
async function tolerant<T>(reading: Promise<T | undefined>): Promise<T | undefined> {
  return reading.catch((error: unknown) => {
    if (isFault(error, 'config-invalid')) return undefined;
    throw error;
  });
}

async function space(paths: readonly string[]): Promise<Space> {
  const sum = { ...NONE };
  for (const path of paths) {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) continue;
    // st_blocks counts 512 bytes, whatever the file system's block is.
    const bytes = found.blocks * 512;
    sum.all += bytes;
    if (found.nlink === 1) sum.alone += bytes;
  }
  return sum;
}

async function lastChange(path: string): Promise<string | undefined> {
  return (await stat(path).catch(() => undefined))?.mtime.toISOString();
}
