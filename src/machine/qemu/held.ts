import type { ProcessIdentity } from '../../platform/process-identity.ts';
import type { QmpClient } from './qmp.ts';
import type { MachineRun } from './record.ts';

/** A running QEMU and what we hold of it. */
export interface Held {
  qemu: ProcessIdentity;
  qmp: QmpClient;
  bootKey: Uint8Array;
  /** the key it goes by if it does not go by the first: its supervisor fell while it renewed the guest */
  otherKey?: Uint8Array | undefined;
  run: MachineRun;
}
