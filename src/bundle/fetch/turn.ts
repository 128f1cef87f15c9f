import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault } from '../../fault/fault.ts';
import { type ExclusiveLock, tryLock } from '../../platform/exclusive-lock.ts';
import { writeFault } from '../../platform/whole-file.ts';
import { type Folder, stateNames } from '../folder.ts';
import type { Progress } from '../progress.ts';
import type { Reach } from './reach.ts';

/**
 * Waits until no other process fetches `what` into this folder.
 * @throws Fault `interrupted`, `folder-unwritable`
 */
export async function takeTurn(
  folder: Folder,
  what: string,
  progress: Progress,
  signal: AbortSignal,
  reach: Pick<Reach, 'sleep'>,
): Promise<Disposable> {
  const { cache } = stateNames(folder);
  await mkdir(cache, { recursive: true }).catch((error: unknown) => {
    throw writeFault(cache, error);
  });
  for (let tries = 0; ; tries += 1) {
    const lock = lockOrFault(join(cache, `${what}.lock.db`));
    if (lock !== undefined) return { [Symbol.dispose]: () => lock.release() };
    if (tries === 0)
      progress({ type: 'note', text: `another pcoder is fetching ${what} into this folder; waiting for it` });
    await reach.sleep(250, signal).catch(() => undefined);
    if (signal.aborted)
      throw new Fault('interrupted', `stopped waiting for another pcoder that fetches ${what}`);
  }
}

function lockOrFault(path: string): ExclusiveLock | undefined {
  try {
    return tryLock(path);
  } catch (cause) {
    const hint = 'set PCODER_STATE to a writable folder on a local disk';
    throw new Fault('folder-unwritable', `${path} cannot be locked`, { cause, hint });
  }
}
