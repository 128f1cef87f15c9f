import type { machineNamesIn } from '../../bundle/folder.ts';
import { isFault, systemCode } from '../../fault/fault.ts';
import { type FileSteps, fileSteps } from './file-steps.ts';
import { removeLooseLayers } from './layers.ts';
import { type MachineRecord, readRecord } from './record.ts';

type Names = Pick<
  ReturnType<typeof machineNamesIn>,
  'home' | 'record' | 'exchange' | 'suspended' | 'suspending' | 'bootKey' | 'bootArchive'
>;

/**
 * Drops a machine's disk and memory; its next start makes a new disk. To be called while nobody runs it. The agreed trees go first, and
 * lastingly: with them an exchange would take the empty guest for one where everything was deleted. Killed before the record says
 * `emptied` the machine has its disk, after it `finishReset` goes on.
 */
export async function resetMachine(names: Names, steps: FileSteps = fileSteps): Promise<void> {
  const record = await readRecord(names.record).catch((error: unknown) => {
    // A reset is what mends a record that cannot be read.
    if (isFault(error, 'config-invalid')) return undefined;
    throw error;
  });
  await steps.remove(names.exchange);
  await steps.sync(names.home);
  await dropMemory(names, steps);
  const { image = '', disks = ['overlay.qcow2'] } = record ?? {};
  const emptied: MachineRecord = { version: 1, image, disks, emptied: true };
  await steps.record(names.record, emptied);
  await finishReset(names, emptied, steps);
}

/** What a reset does once nothing of the disk counts any more. */
export async function finishReset(
  names: Pick<Names, 'home' | 'record'>,
  emptied: MachineRecord,
  steps: FileSteps = fileSteps,
): Promise<void> {
  await removeLooseLayers(names.home, emptied, steps);
  await steps.sync(names.home);
  // Last: without a record, a layer that is still there would be taken for the machine's disk.
  await steps.remove(names.record);
  await steps.sync(names.home);
}

/** A snapshot that is half removed must not look like one. */
async function dropMemory({ suspended, suspending, ...names }: Names, steps: FileSteps): Promise<void> {
  const used = `${suspended}.used`;
  await steps.remove(used);
  await steps.rename(suspended, used).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
  });
  for (const path of [used, suspending, names.bootKey, names.bootArchive]) await steps.remove(path);
}
