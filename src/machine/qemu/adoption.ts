import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Connection } from '../../channel/connection.ts';
import { isRunning } from '../../platform/process-identity.ts';
import { exists } from './disk.ts';
import { fileSteps } from './file-steps.ts';
import type { GuestParts } from './guest-parts.ts';
import type { Held } from './held.ts';
import { readBootKeys } from './keys.ts';
import { removeLooseLayers } from './layers.ts';
import { cleanStale, findLeftQemu, type RunFiles } from './left-behind.ts';
import { QmpClient } from './qmp.ts';
import { type MachineRecord, readRecord } from './record.ts';
import { nameIfNeeded, renewAdopted } from './renewal.ts';
import { finishReset } from './reset.ts';
import { bringDown, STOP_DEADLINES } from './shutdown.ts';
import { giveUpSave } from './snapshot/migration.ts';

/** Times a guest that was found running is asked again for its proof, and milliseconds between two: its daemon looks every 200. */
const PROOFS = 7;
const PROVE_AGAIN = 300;

const NOT_BEGUN = 'a QEMU that had not begun its guest was left';
/** No guest in it hears a power button. */
const AT_ONCE = { guest: 0, powerButton: 0, quit: 5000 };

const Status = z.object({ status: z.string() });

/** The QEMU an earlier supervisor left running, fit to go on with. What cannot be continued is ended and cleaned up, and said. */
export async function findAdoptable(
  { names, sockets, note }: Pick<GuestParts, 'names' | 'sockets' | 'note'>,
  runFiles: RunFiles,
): Promise<Held | undefined> {
  const record = await readRecord(names.record);
  const left = await findLeftQemu(record, names.qemuPid, await exists(names.bootKey));
  if (left === undefined) {
    await tidyMachine(names, record);
    await cleanStale(record, runFiles, note);
    return undefined;
  }
  const qmp = await QmpClient.connect(sockets.qmp).catch(() => undefined);
  const [bootKey, otherKey] = await readBootKeys(names.bootKey);
  const end = async (why: string, deadlines = STOP_DEADLINES) => {
    note(`${why} (process ${left.pid}); ended it`);
    await bringDown({ qemu: left, qmp, connection: undefined }, deadlines);
    await tidyMachine(names, record);
    await cleanStale(record, runFiles, note);
    return undefined;
  };
  // Its snapshot was not consumed, so its guest never ran: it is resumed anew.
  if (await exists(names.suspended)) return end(NOT_BEGUN, AT_ONCE);
  // Each start is recorded before anything else happens to it.
  if (record?.run === undefined) return end(NOT_BEGUN, AT_ONCE);
  if (qmp === undefined || bootKey === undefined)
    return end('a QEMU without its control files was left running');
  await tidyMachine(names, record);
  // A supervisor that fell while it saved the guest had stopped it.
  const { status } = Status.parse(await qmp.execute('query-status'));
  if (status === 'inmigrate') return end(NOT_BEGUN, AT_ONCE);
  if (status !== 'running' && status !== 'io-error') {
    await giveUpSave(qmp);
    await qmp.execute('cont');
  }
  return { qemu: left, qmp, bootKey, otherKey, run: record.run };
}

/**
 * Goes on with a guest that somebody else held before us. It is proven with each key it may go by, more than once: it answers what was
 * asked of it last by the one who fell, and that answer fits no question of ours.
 * @param within milliseconds after which it is not asked again
 */
export async function goOnWith(
  parts: Pick<GuestParts, 'name' | 'names'>,
  held: Held,
  within: number,
  connect: () => Promise<Connection>,
): Promise<void> {
  const connection = await proven(held, within, connect);
  if (held.run.start === 'cold') return;
  await renewAdopted(parts.names, held, connection);
  await nameIfNeeded(parts, connection);
}

/** Removes what was cut off in a machine's folder: saves, resumes, forks of it; and finishes a reset. For who holds the machine's lock. */
export async function tidyMachine(
  names: { home: string; record: string; suspending: string; suspended: string },
  record: MachineRecord | undefined,
): Promise<void> {
  // A supervisor that was killed while it wrote a file whole leaves the half-written one.
  const halfWritten = (await readdir(names.home)).filter((name) => /^\..+\.tmp$/.test(name));
  for (const path of [
    names.suspending,
    `${names.suspended}.used`,
    ...halfWritten.map((name) => join(names.home, name)),
  ])
    await rm(path, { recursive: true, force: true });
  if (record?.emptied === true) await finishReset(names, record);
  // Without a record nobody can tell which layers count.
  else if (record !== undefined) await removeLooseLayers(names.home, record, fileSteps);
}

async function proven(held: Held, within: number, connect: () => Promise<Connection>): Promise<Connection> {
  const keys = [held.bootKey, held.otherKey ?? held.bootKey];
  const deadline = Date.now() + within;
  for (let attempt = 0; ; attempt++) {
    held.bootKey = keys[attempt % keys.length] ?? held.bootKey;
    try {
      return await connect();
    } catch (error) {
      if (attempt >= PROOFS || Date.now() > deadline || !isRunning(held.qemu)) throw error;
      await sleep(PROVE_AGAIN);
    }
  }
}
