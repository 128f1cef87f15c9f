import { rm } from 'node:fs/promises';
import type { Connection } from '../../channel/connection.ts';
import { Fault, isFault } from '../../fault/fault.ts';
import { freeSpace } from '../../platform/free-space.ts';
import type { StartOptions } from '../machine.ts';
import { writeBootInitrd } from './boot-initrd.ts';
import { exists, LEAST_FREE } from './disk.ts';
import { chooseGolden } from './golden-choice.ts';
import type { ComingUp, GuestParts } from './guest-parts.ts';
import { newBootKey } from './keys.ts';
import { launchGuest } from './launch-guest.ts';
import { hasDisk, newDisk } from './machine-disk.ts';
import { type MachineRecord, readRecord, writeRecord } from './record.ts';
import { nameIfNeeded } from './renewal.ts';
import { resumeGuest } from './resume.ts';
import { findSnapshot, type Usable } from './snapshot/usable.ts';
import { planStart, type StartPlan } from './start-plan.ts';

/** Milliseconds a cold boot may take until the agent daemon answers. Ten times what a slow emulated start was measured to need. */
const BOOT_WITHIN = 120_000;

/** Brings a guest up the quickest way there is: where it was suspended, from the golden snapshot, or cold. */
export async function startGuest(
  parts: GuestParts,
  coming: ComingUp,
  options: StartOptions,
): Promise<Connection> {
  const { names, name } = parts;
  const { progress, signal } = options;
  const known = await readRecord(names.record);
  const plan = await prepare(parts, known, signal);
  signal?.throwIfAborted();
  const suspended = (await hasDisk(names.home, known)) ? await suspendedSnapshot(parts, plan) : undefined;
  const { record, golden } = await machineDisk(parts, plan, known, options);
  const snapshot = suspended ?? golden;
  let connection: Connection | undefined;
  if (snapshot !== undefined) {
    const kind = suspended === undefined ? 'golden' : 'resumed';
    progress({
      type: 'step',
      step: `${kind === 'golden' ? 'starting' : 'resuming'} machine ${name} (${plan.verdict.accelerator})`,
    });
    connection = await tryResume(parts, coming, plan, record, { snapshot, kind }, signal);
  }
  if (connection === undefined) {
    progress({ type: 'step', step: `starting machine ${name} (${plan.verdict.accelerator})` });
    connection = await coldBoot(parts, coming, plan, record).catch(async (error: unknown) => {
      if (!isDefectOfQemu(error)) throw error;
      parts.note('QEMU fell over a defect of its own while the guest came up; it is started once more');
      await coming.discard();
      return coldBoot(parts, coming, plan, record);
    });
  }
  await nameIfNeeded(parts, connection);
  progress({ type: 'done', step: `machine ${name} is up` });
  return connection;
}

async function prepare(
  parts: GuestParts,
  known: MachineRecord | undefined,
  signal: AbortSignal | undefined,
): Promise<StartPlan> {
  const [{ qemu, image }, agent] = await Promise.all([parts.assets(known?.image), parts.agent()]);
  const { home } = parts.names;
  if ((await freeSpace(home)) < LEAST_FREE) {
    throw new Fault(
      'disk-full',
      `less than ${LEAST_FREE / 2 ** 20} MiB are free for the machine's disk in ${home}`,
      { hint: 'free some space on that disk and try again' },
    );
  }
  const verdict = await parts.accelerator(qemu, image, signal);
  return planStart({ ...parts, qemu, image, agent, verdict });
}

async function suspendedSnapshot({ names, note }: GuestParts, plan: StartPlan): Promise<Usable | undefined> {
  const found = await findSnapshot(names.suspended, plan.key, names.home);
  if (found === undefined || 'files' in found) return found;
  await forget(names.suspended);
  note(
    `the machine was suspended, but its memory cannot be used: ${found.reason}; it starts cold, with its disk`,
  );
  return undefined;
}

/** The machine's disk, made if there is none: on the golden snapshot's where there is one. */
async function machineDisk(
  parts: GuestParts,
  plan: StartPlan,
  known: MachineRecord | undefined,
  { progress, signal }: StartOptions,
): Promise<{ record: MachineRecord; golden: Usable | undefined }> {
  const { names } = parts;
  const { qemu, image } = plan;
  if (await hasDisk(names.home, known))
    return { record: known ?? { version: 1, image: image.id, disks: ['overlay.qcow2'] }, golden: undefined };
  const place = { home: names.home, empty: parts.emptyLayer(image.id) };
  const golden = await chooseGolden(parts, plan, progress, signal);
  // What was agreed about another disk would make the next exchange take this empty one for deletions.
  await forget(names.exchange);
  const record = await newDisk(place, qemu, image, golden);
  await writeRecord(names.record, record);
  return { record, golden: golden?.usable };
}

async function tryResume(
  parts: GuestParts,
  coming: ComingUp,
  plan: StartPlan,
  record: MachineRecord,
  from: { snapshot: Usable; kind: 'golden' | 'resumed' },
  signal: AbortSignal | undefined,
): Promise<Connection | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await resumeGuest(parts, coming, plan, record, from);
    } catch (error) {
      if (isFault(error, 'interrupted') || signal?.aborted) throw error;
      await coming.discard();
      // Not consumed, so its guest has not run: it was QEMU that ended, killed perhaps, and the memory is as good as before.
      const isWhole = from.kind === 'resumed' && (await exists(from.snapshot.files.record));
      if (attempt === 1 && isWhole && isFault(error, 'qemu-failed')) {
        parts.note(`QEMU ended before the guest went on; it is started once more: ${reasonOf(error)}`);
        continue;
      }
      await forget(from.snapshot.files.folder);
      parts.note(
        `the guest could not go on from its snapshot and starts cold, with its disk: ${reasonOf(error)}`,
      );
      return undefined;
    }
  }
}

async function coldBoot(
  parts: GuestParts,
  coming: ComingUp,
  plan: StartPlan,
  record: MachineRecord,
): Promise<Connection> {
  const { names } = parts;
  const bootKey = await newBootKey(names.bootKey);
  await writeBootInitrd(names, plan.image, bootKey, plan.agent);
  await launchGuest(parts, plan, record, bootKey, coming, {
    kind: 'cold',
    kernel: plan.image.kernel,
    initrd: names.bootArchive,
  });
  const connection = await coming.connect({ resumed: false, within: BOOT_WITHIN });
  // The guest has read it: the keys in it need not stay on the disk.
  await rm(names.bootArchive, { force: true });
  return connection;
}

/** Emulating several processors QEMU was seen, once in hundreds of starts, to fail an assertion (`iotlb_to_section`, QEMU 10.0.13). */
function isDefectOfQemu(error: unknown): boolean {
  return (
    isFault(error, 'qemu-failed') &&
    error.cause instanceof Error &&
    /Assertion .* failed/.test(error.cause.message)
  );
}

async function forget(snapshot: string): Promise<void> {
  await rm(snapshot, { recursive: true, force: true });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
