import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type * as z from 'zod/mini';
import type { Clock, ClockReply, Identity, Renewal } from '../channel/messages/renewal.ts';
import type { KernelCalls } from './kernel-calls.ts';

const RUN = '/run/pcoder';
/** Milliseconds the first command gets before keys are written that it does not need. */
const KEYS_AFTER = 20;

/** What a guest that came out of a snapshot is given. */
export interface Renewed {
  /** randomness and clock are its own: programs may start */
  kernel: Promise<void>;
  /** so is what it is reached by; resolves with the key that proves hosts from now on */
  whole: Promise<Uint8Array>;
}

/** Makes a guest that came out of a snapshot one of its own. */
export function renew(calls: KernelCalls, given: Renewal): Renewed {
  if (given.steadyClock) readSteadyClock();
  const kernel = calls.renew(given.entropy, given.now, process.hrtime());
  return { kernel, whole: kernel.then(() => sleep(KEYS_AFTER)).then(() => writeKeys(given)) };
}

function writeKeys(given: Renewal): Uint8Array {
  const bootKey = Buffer.from(given.bootKey, 'hex');
  // The start script starts a new daemon with this file should this one fall.
  writeFileSync(`${RUN}/boot.key`, bootKey, { mode: 0o600 });
  writeFileSync(`${RUN}/ssh/host_ed25519`, given.sshHostKey, { mode: 0o600 });
  writeFileSync(`${RUN}/ssh/authorized_keys`, `${given.sshAuthorizedKey}\n`);
  return bootKey;
}

/** On the disk as well as in the running kernel, so that it also holds for the next cold start, also after a kill. */
export async function identify(calls: KernelCalls, { machineId, hostname }: Identity): Promise<void> {
  writeFileSync('/etc/hosts', `127.0.0.1 localhost\n127.0.1.1 ${hostname}\n::1 localhost\n`);
  writeFileSync('/etc/hostname', `${hostname}\n`);
  // One flush commits all three: ext4 allocates what replaces a truncated file when it is closed (auto_da_alloc).
  writeFileSync('/etc/machine-id', `${machineId}\n`, { flush: true });
  await calls.setHostname(hostname);
}

export async function moveClock(calls: KernelCalls, { move }: Clock): Promise<z.infer<typeof ClockReply>> {
  if (move !== 0) await calls.moveClock(move);
  return { now: Date.now() };
}

/** A microsecond a reading instead of 45 ns, but it goes with the machine's own time, whatever the host's processor counts. */
function readSteadyClock(): void {
  try {
    writeFileSync('/sys/devices/system/clocksource/clocksource0/current_clocksource', 'hpet');
  } catch (error) {
    console.error(`agentd: the clock may go at a wrong rate: ${error}`);
  }
}
