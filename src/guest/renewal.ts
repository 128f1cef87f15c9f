import { writeFileSync } from 'node:fs';
import type * as z from 'zod/mini';
import type { Clock, ClockReply, Identity, Renewal } from '../channel/messages/renewal.ts';
import type { KernelCalls } from './kernel-calls.ts';

const RUN = '/run/pcoder';

/**
 * Makes a guest that came out of a snapshot one of its own: randomness and clock, and what it is reached by.
 * @returns the key that proves hosts from now on
 */
export async function renew(calls: KernelCalls, given: Renewal): Promise<Uint8Array> {
  if (given.steadyClock) readSteadyClock();
  const renewed = calls.renew(given.entropy, given.now, process.hrtime());
  const bootKey = Buffer.from(given.bootKey, 'hex');
  // The start script starts a new daemon with this file should this one fall.
  writeFileSync(`${RUN}/boot.key`, bootKey, { mode: 0o600 });
  writeFileSync(`${RUN}/ssh/host_ed25519`, given.sshHostKey, { mode: 0o600 });
  writeFileSync(`${RUN}/ssh/authorized_keys`, `${given.sshAuthorizedKey}\n`);
  await renewed;
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
