import * as z from 'zod/mini';
import { readJson, writeJson } from '../../platform/json-file.ts';

/** What `machine.json` keeps: enough for a new supervisor to find, recognise and continue a machine. */
export const MachineRecord = z.object({
  version: z.literal(1),
  /** the image under the machine's disk; a disk never changes its image */
  image: z.string().check(z.maxLength(200)),
  run: z.optional(
    z.object({
      pid: z.int(),
      /** the process's start time, as `ProcessIdentity` has it */
      started: z.optional(z.string()),
      hostBoot: z.string(),
      accelerator: z.enum(['kvm', 'hvf', 'whpx', 'whpx,kernel-irqchip=off', 'tcg']),
      reason: z.string(),
      since: z.string(),
    }),
  ),
});
export type MachineRecord = z.infer<typeof MachineRecord>;

export async function readRecord(path: string): Promise<MachineRecord | undefined> {
  return readJson(path, MachineRecord);
}

export async function writeRecord(path: string, record: MachineRecord): Promise<void> {
  await writeJson(path, record, { mode: 0o600 });
}
