import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Folder, projectLock, stateNames } from '../../bundle/folder.ts';
import { Fault } from '../../fault/fault.ts';
import { type ExclusiveLock, tryLock } from '../../platform/exclusive-lock.ts';
import { makePrivateFolder } from '../../platform/private-folder.ts';

/** Milliseconds between two tries. */
const AGAIN = 20;
/** Milliseconds another process may be at work on a project; a checkout of 100,000 files takes a minute. */
const WITHIN = 5 * 60_000;

/**
 * Takes the right to change a project's files on the host, which supervisors and `undo` share between them. The system gives
 * it back when its holder dies.
 * @throws Fault `project-busy`, `interrupted`, `folder-unwritable`
 */
export async function lockProject(
  folder: Folder,
  root: string,
  { signal, within = WITHIN }: { signal?: AbortSignal | undefined; within?: number } = {},
): Promise<ExclusiveLock> {
  const deadline = Date.now() + within;
  for (;;) {
    const lock = await tryLockProject(folder, root);
    if (lock !== undefined) return lock;
    if (Date.now() >= deadline)
      throw new Fault('project-busy', `another pcoder is changing files in ${root}`, {
        hint: 'wait until it is done, then the same command again',
      });
    await sleep(AGAIN, undefined, { ...(signal === undefined ? {} : { signal }) }).catch(() => undefined);
    if (signal?.aborted === true)
      throw new Fault('interrupted', `stopped waiting for another pcoder that changes files in ${root}`);
  }
}

/** @returns undefined when somebody else has it */
export async function tryLockProject(folder: Folder, root: string): Promise<ExclusiveLock | undefined> {
  const path = projectLock(folder, createHash('sha256').update(root).digest('hex').slice(0, 16));
  await makePrivateFolder(stateNames(folder).projectLocks);
  try {
    return tryLock(path);
  } catch (cause) {
    const hint = 'set PCODER_STATE to a writable folder on a local disk';
    throw new Fault('folder-unwritable', `${path} cannot be locked`, { cause, hint });
  }
}
