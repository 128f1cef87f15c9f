import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Connection } from '../../channel/connection.ts';
import { POWER_OFF } from '../../channel/messages/guest.ts';
import { call } from '../../channel/methods.ts';
import { isRunning, type ProcessIdentity, signal } from '../../platform/process-identity.ts';
import type { StopManner } from '../machine.ts';
import type { QmpClient } from './qmp.ts';

/** Milliseconds each step may take before the next, harder one; 0 skips it. */
export interface StopDeadlines {
  guest: number;
  powerButton: number;
  quit: number;
}
export const STOP_DEADLINES: StopDeadlines = { guest: 45_000, powerButton: 15_000, quit: 5_000 };
/** A guest whose start is given up has nothing to save. */
export const ABANDONED: StopDeadlines = { guest: 0, powerButton: 0, quit: 2000 };

export interface Stoppable {
  qemu: ProcessIdentity;
  qmp: Pick<QmpClient, 'execute'> | undefined;
  connection: Connection | undefined;
}

/** Brings QEMU down as gently as it lets us, and always brings it down. */
export async function bringDown(
  target: Stoppable,
  deadlines: StopDeadlines = STOP_DEADLINES,
): Promise<StopManner> {
  const { qemu, qmp, connection } = target;
  if (!isRunning(qemu)) return 'not running';
  if (
    connection !== undefined &&
    !connection.down &&
    (await asked(call(connection, POWER_OFF, {}, z.unknown(), { timeout: 5000 })))
  ) {
    if (await gone(qemu, deadlines.guest)) return 'guest shutdown';
  }
  if (qmp !== undefined) {
    if (
      deadlines.powerButton > 0 &&
      (await asked(qmp.execute('system_powerdown'))) &&
      (await gone(qemu, deadlines.powerButton))
    )
      return 'power button';
    if ((await asked(qmp.execute('quit'))) && (await gone(qemu, deadlines.quit))) return 'quit';
  }
  signal(qemu, 'SIGKILL');
  await gone(qemu, 5000);
  return 'kill';
}

async function asked(request: Promise<unknown>): Promise<boolean> {
  try {
    await request;
    return true;
  } catch {
    return false;
  }
}

async function gone(qemu: ProcessIdentity, within: number): Promise<boolean> {
  const deadline = Date.now() + within;
  while (isRunning(qemu)) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}
