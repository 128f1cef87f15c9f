import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type machineNames, machineNamesIn } from '../../bundle/folder.ts';
import { Fault, isFault, systemCode } from '../../fault/fault.ts';
import { exists, requireLayers } from './disk.ts';
import { type FileSteps, fileSteps } from './file-steps.ts';
import { isEmptyLayer } from './layers.ts';
import { LAYERS_AT_MOST, type MachineRecord, readRecord } from './record.ts';
import { snapshotFiles, stampOf } from './snapshot/snapshot-files.ts';
import { readSnapshotRecord, type SnapshotRecord } from './snapshot/snapshot-record.ts';

export interface ForkPlan {
  source: { name: string; names: ReturnType<typeof machineNames> };
  /** the new machine */
  name: string;
  home: string;
  /** where it is made: beside its folder, and hidden */
  unfinished: string;
  /** path of an empty layer for disks on an image */
  empty(image: string): Promise<string>;
  signal?: AbortSignal | undefined;
}

/**
 * Makes a machine out of another's files, without a copy of its disk or memory: both keep what has been written as layers that nobody
 * writes any more, each with an empty one on top. To be called while nobody runs the source. Killed at any point, the source is as it was,
 * perhaps with one more empty layer, and there is no new machine.
 * @returns whether the memory of a suspended source came along
 * @throws Fault `machine-unknown` when the source has no disk, `usage` when the name is taken or the source has too many layers, `disk-full`, `folder-unwritable`
 */
export async function forkMachine(
  plan: ForkPlan,
  steps: FileSteps = fileSteps,
): Promise<{ memory: boolean }> {
  const { source, unfinished, signal } = plan;
  const { names } = source;
  if (await exists(plan.home)) throw takenFault(plan.name);
  const record = await diskOf(source);
  const empty = await plan.empty(record.image);
  const snapshot = await usableSnapshot(names, record, empty);
  const lower = await settleLayers(names, record, { empty, snapshot }, steps);
  try {
    await steps.folder(unfinished);
    for (const layer of lower) {
      signal?.throwIfAborted();
      await steps.share(join(names.home, layer), join(unfinished, layer));
    }
    const own = newLayerName(lower);
    await steps.layer(empty, join(unfinished, own));
    const target = machineNamesIn(unfinished);
    await shareBases(names.exchange, target.exchange, steps);
    if (snapshot !== undefined) await shareMemory(names.suspended, target, snapshot, steps);
    signal?.throwIfAborted();
    await steps.record(target.record, {
      version: 1,
      image: record.image,
      disks: [...lower, own],
      unnamed: true,
      forkedFrom: source.name,
    });
    await steps.rename(unfinished, plan.home);
  } catch (error) {
    // What stays the next command removes.
    await steps.remove(unfinished).catch(() => {});
    // A start of that name made the folder meanwhile.
    throw systemCode(error) === 'ENOTEMPTY' || systemCode(error) === 'EEXIST' ? takenFault(plan.name) : error;
  }
  await steps.sync(dirname(plan.home));
  return { memory: snapshot !== undefined };
}

export function takenFault(name: string): Fault {
  return new Fault('usage', `there is a machine ${name} already`, {
    hint: `choose another name, or pcoder machine rm ${name}`,
  });
}

async function diskOf({ name, names }: ForkPlan['source']): Promise<MachineRecord> {
  const record = await readRecord(names.record);
  if (record === undefined || record.emptied === true)
    throw new Fault('machine-unknown', `machine ${name} has no disk yet`, { hint: `pcoder start ${name}` });
  await requireLayers(names.home, record.disks);
  return record;
}

/** The memory of a suspended machine, if its disk is still the one it was saved with. */
async function usableSnapshot(
  names: { home: string; suspended: string },
  { disks }: MachineRecord,
  empty: string,
): Promise<SnapshotRecord | undefined> {
  const files = snapshotFiles(names.suspended);
  const record = await readSnapshotRecord(files.record).catch((error: unknown) => {
    // The source's next start says so and begins cold; so does the fork.
    if (isFault(error, 'config-invalid')) return undefined;
    throw error;
  });
  if (record === undefined || !(await exists(files.memory)) || !(await exists(files.devices)))
    return undefined;
  const written = disks.indexOf(record.disk.file);
  if (written < 0) return undefined;
  const stamp = await stampOf(join(names.home, record.disk.file));
  if (stamp.size !== record.disk.stamp.size || stamp.mtime !== record.disk.stamp.mtime) return undefined;
  for (const above of disks.slice(written + 1))
    if (!(await isEmptyLayer(join(names.home, above), empty))) return undefined;
  return record;
}

/**
 * Sees to it that nothing of the source's disk is in the layer it goes on to write.
 * @returns the layers that both have from now on, lowest first
 */
async function settleLayers(
  names: { home: string; record: string },
  record: MachineRecord,
  { empty, snapshot }: { empty: string; snapshot: SnapshotRecord | undefined },
  steps: FileSteps,
): Promise<string[]> {
  const { disks } = record;
  const top = disks.at(-1) ?? '';
  // A snapshot names the layer it belongs to, so that one is shared even when nothing is in it.
  if (snapshot?.disk.file !== top && (await isEmptyLayer(join(names.home, top), empty)))
    return disks.slice(0, -1);
  if (disks.length === LAYERS_AT_MOST)
    throw new Fault('usage', `the disk has ${LAYERS_AT_MOST} layers, and a fork would add one`, {
      hint: 'fork a machine that is not so many forks deep',
    });
  const next = newLayerName(disks);
  await steps.layer(empty, join(names.home, next));
  // Only when this is written is the old layer nobody's to write.
  await steps.record(names.record, { ...record, disks: [...disks, next] });
  return disks;
}

function newLayerName(taken: readonly string[]): string {
  const name = `overlay-${randomBytes(4).toString('hex')}.qcow2`;
  return taken.includes(name) ? newLayerName(taken) : name;
}

/** The guest's copies of projects are on the disk, so what was agreed about them must come along. A base that has a second name is replaced, never written into. */
async function shareBases(from: string, to: string, steps: FileSteps): Promise<void> {
  const bases = await readdir(from).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (bases === undefined) return;
  await steps.folder(to);
  for (const name of bases.filter((base) => /^[^.].*\.(jsonl|review)$/.test(base)))
    await steps.share(join(from, name), join(to, name));
  await steps.sync(to);
}

/** The record is written last, with what the disk looks like from here: a copy has another time than what it was made of. */
async function shareMemory(
  suspended: string,
  target: ReturnType<typeof machineNamesIn>,
  snapshot: SnapshotRecord,
  steps: FileSteps,
): Promise<void> {
  const [from, to] = [snapshotFiles(suspended), snapshotFiles(target.suspended)];
  await steps.folder(to.folder);
  await steps.share(from.memory, to.memory);
  await steps.share(from.devices, to.devices);
  const { disk } = snapshot;
  const stamp = await stampOf(join(target.home, disk.file));
  // The stamps of memory and devices stay: where they were copied they no longer fit, and the copies are hashed before use.
  await steps.snapshot(to.record, { ...snapshot, disk: { ...disk, stamp } });
}
