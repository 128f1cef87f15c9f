import { rm } from 'node:fs/promises';
import { hostBootId } from '../../platform/host.ts';
import { isRunning, type ProcessIdentity } from '../../platform/process-identity.ts';
import { processOfPidFile, processWithArgument } from '../../platform/process-search.ts';
import type { GuestParts } from './guest-parts.ts';
import { atRest, type MachineRecord, writeRecord } from './record.ts';

/** What exists only while a machine runs. */
export interface RunFiles {
  record: string;
  others: string[];
}

/** Those of a machine. */
export function runFiles({ names, sockets }: Pick<GuestParts, 'names' | 'sockets'>): RunFiles {
  const others = [names.qemuPid, names.bootKey, names.bootArchive, sockets.qmp, sockets.channel];
  return { record: names.record, others };
}

/**
 * A QEMU that an earlier supervisor left running.
 * @param mayBeUnnamed something was being started, so there may be one that had not come to its pid file
 */
export async function findLeftQemu(
  record: MachineRecord | undefined,
  pidFile: string,
  mayBeUnnamed = true,
): Promise<ProcessIdentity | undefined> {
  const { run } = record ?? {};
  const recorded = run?.hostBoot === hostBootId() ? { pid: run.pid, started: run.started } : undefined;
  if (recorded !== undefined && isRunning(recorded)) return recorded;
  // A supervisor killed between QEMU's start and its record leaves only the pid file.
  const named = await processOfPidFile(pidFile, pidFile);
  return named ?? (mayBeUnnamed ? processWithArgument(pidFile) : undefined);
}

/** Removes what a machine that is gone left behind, and says so where there was anything. */
export async function cleanStale(
  record: MachineRecord | undefined,
  files: RunFiles,
  note: (text: string) => void,
): Promise<void> {
  if (record?.run !== undefined) {
    note(
      `cleaned up after a machine that ended without its supervisor (QEMU process ${record.run.pid} is gone)`,
    );
    await writeRecord(files.record, atRest(record));
  }
  await removeRunFiles(files);
}

export async function removeRunFiles(files: RunFiles): Promise<void> {
  await Promise.all(files.others.map((path) => rm(path, { force: true })));
}
