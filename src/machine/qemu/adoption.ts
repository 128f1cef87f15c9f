import { rm } from 'node:fs/promises';
import * as z from 'zod/mini';
import { exists } from './disk.ts';
import { fileSteps } from './file-steps.ts';
import type { GuestParts } from './guest-parts.ts';
import type { Held } from './held.ts';
import { readBootKey } from './keys.ts';
import { removeLooseLayers } from './layers.ts';
import { cleanStale, findLeftQemu, type RunFiles } from './left-behind.ts';
import { QmpClient } from './qmp.ts';
import { type MachineRecord, readRecord } from './record.ts';
import { finishReset } from './reset.ts';
import { bringDown } from './shutdown.ts';

const Status = z.object({ status: z.string() });

/** The QEMU an earlier supervisor left running, fit to go on with. What cannot be continued is ended and cleaned up, and said. */
export async function findAdoptable(
  { names, sockets, note }: Pick<GuestParts, 'names' | 'sockets' | 'note'>,
  runFiles: RunFiles,
): Promise<Held | undefined> {
  const record = await readRecord(names.record);
  const left = await findLeftQemu(record, names.qemuPid);
  if (left === undefined) {
    await tidyMachine(names, record);
    await cleanStale(record, runFiles, note);
    return undefined;
  }
  const qmp = await QmpClient.connect(sockets.qmp).catch(() => undefined);
  const bootKey = await readBootKey(names.bootKey);
  const end = async (why: string) => {
    note(`${why} (process ${left.pid}); ended it`);
    await bringDown({ qemu: left, qmp, connection: undefined });
    await tidyMachine(names, record);
    await cleanStale(record, runFiles, note);
    return undefined;
  };
  // Its snapshot was not consumed, so its guest never ran: it is resumed anew.
  if (await exists(names.suspended)) return end('a QEMU that had not begun its guest was left');
  if (qmp === undefined || bootKey === undefined || record?.run === undefined)
    return end('a QEMU without its control files was left running');
  await tidyMachine(names, record);
  // A supervisor that fell while it saved the guest had stopped it.
  const { status } = Status.parse(await qmp.execute('query-status'));
  if (status === 'inmigrate') return end('a QEMU that had not begun its guest was left');
  if (status !== 'running' && status !== 'io-error') await qmp.execute('cont');
  return { qemu: left, qmp, bootKey, run: record.run };
}

/** Removes what was cut off in a machine's folder: saves, resumes, forks of it; and finishes a reset. For who holds the machine's lock. */
export async function tidyMachine(
  names: { home: string; record: string; suspending: string; suspended: string },
  record: MachineRecord | undefined,
): Promise<void> {
  for (const folder of [names.suspending, `${names.suspended}.used`])
    await rm(folder, { recursive: true, force: true });
  if (record?.emptied === true) await finishReset(names, record);
  // Without a record nobody can tell which layers count.
  else if (record !== undefined) await removeLooseLayers(names.home, record, fileSteps);
}
