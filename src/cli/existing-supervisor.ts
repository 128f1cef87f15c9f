import { stat } from 'node:fs/promises';
import { machineNames } from '../bundle/folder.ts';
import type { Connection } from '../channel/connection.ts';
import { readRecord } from '../machine/qemu/record.ts';
import { findSupervisor, reachSupervisor } from '../supervisor/reach.ts';
import type { Context } from './context.ts';

/** The machine's supervisor if it runs, or a new one if the old was lost and its machine may still be running; undefined when there is nothing to ask. */
export async function existingSupervisor(context: Context, machine: string): Promise<Connection | undefined> {
  const running = await findSupervisor(context.folder, machine);
  if (running !== undefined) return running;
  const names = machineNames(context.folder, machine);
  const record = await readRecord(names.record).catch(() => undefined);
  const left = record?.run !== undefined || (await stat(names.qemuPid).catch(() => undefined)) !== undefined;
  return left ? reachSupervisor(context.folder, machine) : undefined;
}
