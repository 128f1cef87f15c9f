import { stat } from 'node:fs/promises';
import { type Folder, machineNames, stateNames } from '../bundle/folder.ts';
import type { Connection } from '../channel/connection.ts';
import { call } from '../channel/methods.ts';
import { Fault } from '../fault/fault.ts';
import { removeUnfinished } from '../machine/qemu/removal.ts';
import { waitForLock, whileUnattended } from '../machine/qemu/unattended.ts';
import { makePrivateFolder } from '../platform/private-folder.ts';
import { STOP, StopReply } from '../supervisor/protocol.ts';
import { findSupervisor } from '../supervisor/reach.ts';
import type { Context } from './context.ts';
import { existingSupervisor } from './existing-supervisor.ts';

/** Milliseconds a machine's way down may take: saving 2 GiB to a slow disk, or a shutdown where it cannot be saved. */
const DOWN_WITHIN = 150_000;
/** Milliseconds a supervisor that was told to stop may hold its machine's lock; it ends within 0.1 s. */
const LET_GO_WITHIN = 10_000;
/** Milliseconds another command may be at work on the machines' folders. */
const TURN_WITHIN = 60_000;

/**
 * Brings a machine down if it runs, and does something to its files while nobody can start it.
 * @param goal `suspend` keeps what is in it, `abandon` ends it quickly
 * @throws Fault `machine-unknown`, `machine-busy` while somebody uses it
 */
export async function withMachineFiles<T>(
  context: Context,
  name: string,
  goal: 'suspend' | 'abandon',
  action: (manner: string) => Promise<T>,
): Promise<T> {
  const { folder } = context;
  const names = machineNames(folder, name);
  if ((await stat(names.home).catch(() => undefined)) === undefined)
    throw new Fault('machine-unknown', `there is no machine ${name}`, { hint: 'pcoder machine list' });
  // A QEMU without a supervisor is taken up again only if it is to be saved.
  const connection =
    goal === 'suspend' ? await existingSupervisor(context, name) : await findSupervisor(folder, name);
  const manner = connection === undefined ? 'not running' : await bringDown(connection, goal);
  return inTurn(folder, () =>
    whileUnattended({ name, names, left: goal === 'suspend' ? 'refuse' : 'end', within: LET_GO_WITHIN }, () =>
      action(manner),
    ),
  );
}

/** Removes what killed commands left among the machines, unless one is at work now. */
export async function tidyMachines(folder: Folder): Promise<void> {
  if ((await stat(stateNames(folder).machines).catch(() => undefined)) === undefined) return;
  const lock = await waitForLock(stateNames(folder).machinesLock, 0);
  if (lock === undefined) return;
  await removeUnfinished(stateNames(folder).machines).finally(() => lock.release());
}

async function bringDown(connection: Connection, goal: 'suspend' | 'abandon'): Promise<string> {
  try {
    const asked = { goal, onlyIdle: true };
    return (await call(connection, STOP, asked, StopReply, { timeout: DOWN_WITHIN })).manner;
  } catch (error) {
    // It was just leaving. Should it have left a machine running, that shows at the machine's files.
    if (connection.down) return 'not running';
    throw error;
  } finally {
    connection.close();
  }
}

async function inTurn<T>(folder: Folder, action: () => Promise<T>): Promise<T> {
  const { machines, machinesLock } = stateNames(folder);
  await makePrivateFolder(machines);
  const lock = await waitForLock(machinesLock, TURN_WITHIN);
  if (lock === undefined)
    throw new Fault('machine-busy', 'another pcoder is at work on the machines', {
      hint: 'wait until it is done, then the same command again',
    });
  try {
    await removeUnfinished(machines);
    return await action();
  } finally {
    lock.release();
  }
}
