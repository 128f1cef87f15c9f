import { setTimeout as sleep } from 'node:timers/promises';
import type { machineNames } from '../../bundle/folder.ts';
import { Fault } from '../../fault/fault.ts';
import { type ExclusiveLock, tryLock } from '../../platform/exclusive-lock.ts';
import { tidyMachine } from './adoption.ts';
import { findLeftQemu } from './left-behind.ts';
import { readRecord } from './record.ts';
import { bringDown } from './shutdown.ts';

export interface Unattended {
  name: string;
  names: ReturnType<typeof machineNames>;
  /** a QEMU without a supervisor: its machine is refused, or it is ended and what is in it lost */
  left: 'refuse' | 'end';
  /** milliseconds a supervisor that is leaving gets */
  within: number;
}

/** Does something to the files of a machine while nobody can start it. @throws Fault `machine-busy` when somebody runs it */
export async function whileUnattended<T>(
  { name, names, left, within }: Unattended,
  action: () => Promise<T>,
): Promise<T> {
  const lock = await waitForLock(names.lock, within);
  if (lock === undefined) throw busy(name, 'is in use');
  try {
    // A record that cannot be read is no reason to keep a machine from being reset or removed.
    const record = await readRecord(names.record).catch(() => undefined);
    const qemu = await findLeftQemu(record, names.qemuPid);
    if (qemu !== undefined) {
      if (left === 'refuse') throw busy(name, 'runs');
      await bringDown({ qemu, qmp: undefined, connection: undefined });
    }
    if (record !== undefined) await tidyMachine(names, record);
    return await action();
  } finally {
    lock.release();
  }
}

/** The lock, once it is free; undefined when it was held all the time. */
export async function waitForLock(path: string, within: number): Promise<ExclusiveLock | undefined> {
  const deadline = Date.now() + within;
  for (;;) {
    const lock = tryLock(path);
    if (lock !== undefined || Date.now() > deadline) return lock;
    await sleep(10);
  }
}

function busy(name: string, what: string): Fault {
  return new Fault('machine-busy', `machine ${name} ${what}`, {
    hint: `end what uses it, or pcoder stop ${name}; then the same command again`,
  });
}
