import type { ProcessIdentity } from '../../platform/process-identity.ts';
import type { QmpClient } from './qmp.ts';
import { type MachineRun, readRecord, writeRecord } from './record.ts';

/** A running QEMU and what we hold of it. */
export interface Held {
  qemu: ProcessIdentity;
  qmp: QmpClient;
  bootKey: Uint8Array;
  /** the key it goes by if it does not go by the first: its supervisor fell while it renewed the guest */
  otherKey?: Uint8Array | undefined;
  run: MachineRun;
}

/** Notes that a real key is about to enter a guest, so that another supervisor knows it too. */
export async function recordSecret(path: string, held: Held): Promise<void> {
  if (held.run.secret === true) return;
  held.run = { ...held.run, secret: true };
  const record = await readRecord(path);
  if (record !== undefined) await writeRecord(path, { ...record, run: held.run });
}
