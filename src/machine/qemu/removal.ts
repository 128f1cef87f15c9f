import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isUnfinishedMachine } from '../../bundle/folder.ts';
import { systemCode } from '../../fault/fault.ts';
import { type FileSteps, fileSteps } from './file-steps.ts';

/** Removes a machine that nobody runs. Killed, it is there as it was, or it is gone and `removeUnfinished` frees the rest of its space. */
export async function removeMachine(
  home: string,
  unfinished: string,
  steps: FileSteps = fileSteps,
): Promise<void> {
  await steps.rename(home, unfinished);
  await steps.sync(dirname(home));
  await steps.remove(unfinished);
}

/** Removes what killed forks and removals left among the machines. To be called by who holds the lock of them all. */
export async function removeUnfinished(machines: string, steps: FileSteps = fileSteps): Promise<void> {
  const names = await readdir(machines).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  });
  for (const name of names.filter(isUnfinishedMachine)) await steps.remove(join(machines, name));
}
