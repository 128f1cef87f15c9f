import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Progress } from '../../bundle/progress.ts';
import type { Connection } from '../../channel/connection.ts';
import { FREEZE } from '../../channel/messages/renewal.ts';
import { call } from '../../channel/methods.ts';
import { Fault } from '../../fault/fault.ts';
import { pluggedDisks } from './app-disk.ts';
import type { Held } from './held.ts';
import { readRecord } from './record.ts';
import { bringDown } from './shutdown.ts';
import { giveUpSave } from './snapshot/migration.ts';
import { completeSnapshot, type Taken, takeSnapshot } from './snapshot/take.ts';

/** Milliseconds the guest gets to write out what waits for its disk: emulated, and a slow disk under it. */
const FLUSH_WITHIN = 120_000;
/** Milliseconds it then gets to come to rest: what is not done yet is done by the resumed guest, while a command waits. */
const COMES_TO_REST = 20;

export interface SuspendNames {
  home: string;
  record: string;
  suspended: string;
  suspending: string;
}

/**
 * Saves a running guest and ends its QEMU. The snapshot gets its lasting name only after QEMU has ended, so where there is one, nothing has
 * written the disk since. When it throws, the guest runs on as before, or has ended with its disk whole.
 */
export async function suspendGuest(
  names: SuspendNames,
  held: Held,
  connection: Connection,
  progress: Progress,
): Promise<void> {
  const record = await readRecord(names.record);
  const disk = record?.disks.at(-1);
  if (disk === undefined || held.run.key === undefined)
    throw new Fault('snapshot-unusable', 'it is not recorded how this guest was started');
  // Written out first: should the memory be lost, the disk alone holds every file.
  await call(connection, FREEZE, {}, z.unknown(), { timeout: FLUSH_WITHIN });
  const [apps] = await Promise.all([pluggedDisks(held.qmp), sleep(COMES_TO_REST)]);
  await held.qmp.execute('stop');
  let taken: Taken;
  try {
    taken = await takeSnapshot(held.qmp, names.suspending, progress);
  } catch (error) {
    await rm(names.suspending, { recursive: true, force: true });
    // Where QEMU is gone nothing goes on, and that is not what went wrong first.
    await giveUpSave(held.qmp)
      .then(() => held.qmp.execute('cont'))
      .catch(() => {});
    throw error;
  }
  await bringDown(
    { qemu: held.qemu, qmp: held.qmp, connection: undefined },
    { guest: 0, powerButton: 0, quit: 20_000 },
  );
  const of = {
    key: held.run.key,
    bootKey: held.bootKey,
    apps: apps.map((app) => ({ ...app, disk: relative(names.home, app.disk) })),
    disk: join(names.home, disk),
  };
  await completeSnapshot(taken, of, names.suspended).catch(async (error: unknown) => {
    await rm(names.suspending, { recursive: true, force: true });
    throw error;
  });
}
