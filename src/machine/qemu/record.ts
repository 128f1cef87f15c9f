import { basename, dirname } from 'node:path';
import * as z from 'zod/mini';
import { Fault, isFault } from '../../fault/fault.ts';
import { readJson, writeJson } from '../../platform/json-file.ts';
import { SnapshotKey } from './snapshot/snapshot-key.ts';

/** Each layer costs a look at every read; forks of forks of forks end here. */
export const LAYERS_AT_MOST = 32;

const fileName = z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]{0,100}$/));

/** How a guest came up: from nothing, from the golden snapshot, or from where the machine was suspended. */
export const STARTS = ['cold', 'golden', 'resumed'] as const;

/** What `machine.json` keeps: enough for a new supervisor to find, recognise and continue a machine. */
export const MachineRecord = z.object({
  version: z.literal(1),
  /** the image under the machine's disk; a disk never changes its image */
  image: z.string().check(z.maxLength(200)),
  /** the machine's own disk, lowest layer first: files beside this one. Only the last is written; the others may be shared with forks. */
  disks: z._default(z.array(fileName).check(z.minLength(1), z.maxLength(LAYERS_AT_MOST)), ['overlay.qcow2']),
  /** the disk was another machine's: the guest must get a name of its own */
  unnamed: z.optional(z.boolean()),
  /** a reset has begun: nothing of its disk counts any more (see reset.ts) */
  emptied: z.optional(z.boolean()),
  /** the machine it was forked from */
  forkedFrom: z.optional(z.string().check(z.maxLength(64))),
  run: z.optional(
    z.object({
      pid: z.int(),
      /** the process's start time, as `ProcessIdentity` has it */
      started: z.optional(z.string()),
      hostBoot: z.string(),
      accelerator: z.enum(['kvm', 'hvf', 'whpx', 'whpx,kernel-irqchip=off', 'tcg']),
      reason: z.string(),
      since: z.string(),
      start: z._default(z.enum(STARTS), 'cold'),
      /** what a snapshot of this guest depends on */
      key: z.optional(SnapshotKey),
      /** it came up from a snapshot of another host, under emulation: see `steadyClock` of the renewal */
      moved: z.optional(z.boolean()),
      /** a real key has been in this guest's memory, which therefore never becomes a file */
      secret: z.optional(z.boolean()),
    }),
  ),
});
export type MachineRecord = z.infer<typeof MachineRecord>;
export type MachineRun = NonNullable<MachineRecord['run']>;

/** @throws Fault `config-invalid`: which layers the disk is made of stands nowhere else */
export async function readRecord(path: string): Promise<MachineRecord | undefined> {
  try {
    return await readJson(path, MachineRecord);
  } catch (error) {
    if (!isFault(error, 'config-invalid')) throw error;
    throw new Fault(error.code, error.message, {
      cause: error.cause,
      hint: `put it back, or begin anew with: pcoder machine reset ${basename(dirname(path))}`,
    });
  }
}

export async function writeRecord(path: string, record: MachineRecord): Promise<void> {
  await writeJson(path, record, { mode: 0o600 });
}

/** The machine no longer runs; what it is made of stays. */
export function atRest({ run: _, ...record }: MachineRecord): MachineRecord {
  return record;
}

/** Notes that the machine no longer runs, whatever state its record is in. */
export async function recordRest(path: string): Promise<void> {
  const record = await readRecord(path).catch(() => undefined);
  if (record?.run !== undefined) await writeRecord(path, atRest(record));
}
