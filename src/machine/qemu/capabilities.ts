import type { Capabilities } from '../machine.ts';
import { isEmulated, whyNotSuspend } from './accelerator.ts';
import type { MachineRun } from './record.ts';

const KEY_INSIDE = 'a provider’s key has been in the guest, and its memory would become a file';

/** What a machine can do while its guest runs like this. */
export function capabilitiesOf(run: Pick<MachineRun, 'accelerator' | 'secret'> | undefined): Capabilities {
  const accelerator = run?.accelerator ?? 'tcg';
  const noSuspend = run?.secret === true ? KEY_INSIDE : whyNotSuspend(accelerator);
  return { emulated: isEmulated(accelerator), addDisk: true, noSuspend };
}
