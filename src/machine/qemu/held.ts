import type { ProcessIdentity } from '../../platform/process-identity.ts';
import type { QmpClient } from './qmp.ts';
import type { MachineRun } from './record.ts';

/** A running QEMU and what we hold of it. */
export interface Held {
  qemu: ProcessIdentity;
  qmp: QmpClient;
  bootKey: Uint8Array;
  run: MachineRun;
}
