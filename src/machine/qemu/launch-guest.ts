import { join } from 'node:path';
import { hostBootId } from '../../platform/host.ts';
import type { GuestStart } from './arguments.ts';
import type { ComingUp, GuestParts } from './guest-parts.ts';
import type { Held } from './held.ts';
import { launchQemu } from './launch.ts';
import { type MachineRecord, type MachineRun, writeRecord } from './record.ts';
import type { StartPlan } from './start-plan.ts';

/** Starts QEMU for one way of coming up, and records it so that another supervisor could find it. */
export async function launchGuest(
  { names, background }: GuestParts,
  plan: StartPlan,
  record: MachineRecord,
  bootKey: Uint8Array,
  coming: ComingUp,
  start: GuestStart,
  how: Pick<MachineRun, 'start' | 'moved'> = { start: 'cold' },
): Promise<Held> {
  const disks = record.disks.map((file) => join(names.home, file));
  const { identity, qmp } = await launchQemu({ ...plan.launch, start, disks }, plan.qemu, {
    log: names.qemuLog,
    background: background ?? false,
  });
  const run: MachineRun = {
    pid: identity.pid,
    ...(identity.started === undefined ? {} : { started: identity.started }),
    hostBoot: hostBootId(),
    accelerator: plan.verdict.accelerator,
    reason: plan.verdict.reason,
    since: new Date().toISOString(),
    ...how,
    key: plan.key,
  };
  const held = { qemu: identity, qmp, bootKey, run };
  coming.held(held);
  await writeRecord(names.record, { ...record, run });
  return held;
}
