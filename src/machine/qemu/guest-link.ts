import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../../channel/connection.ts';
import { Fault, isFault } from '../../fault/fault.ts';
import { logTail } from '../../platform/log-tail.ts';
import { isRunning } from '../../platform/process-identity.ts';
import type { GuestParts } from './guest-parts.ts';
import type { Held } from './held.ts';
import { launchFault } from './launch.ts';
import { type LinkOptions, openLink } from './link.ts';

/** Milliseconds from a broken channel until QEMU's end, if that is what broke it, shows on its control connection. */
const END_SHOWS_WITHIN = 250;
type Parts = Pick<GuestParts, 'name' | 'names' | 'sockets' | 'opened'>;

export interface GuestLinkOptions extends Pick<LinkOptions, 'resumed' | 'within'> {
  socket?: LinkOptions['socket'];
  signal?: AbortSignal | undefined;
}

/**
 * Connects to a running guest. Ends as soon as QEMU does, and says in its and the guest's own words what went wrong.
 * @throws Fault `qemu-failed`, `boot-timeout`, `interrupted`, …
 */
export async function linkToGuest(parts: Parts, held: Held, options: GuestLinkOptions): Promise<Connection> {
  const link = openLink({
    socket: options.socket ?? parts.sockets.channel,
    bootKey: held.bootKey,
    within: options.within,
    resumed: options.resumed,
    opened: parts.opened,
  });
  link.catch(() => {});
  return Promise.race([link, ended(parts, held), aborted(options.signal)]).catch(async (error: unknown) => {
    // QEMU's end shows first as a broken channel; its last thread may take a moment.
    const isBroken = isFault(error, 'guest-unreachable');
    if (isBroken) await Promise.race([held.qmp.closed, sleep(END_SHOWS_WITHIN)]);
    if (!isRunning(held.qemu) || (isBroken && held.qmp.isClosed)) return ended(parts, held);
    if (error instanceof Fault && error.code === 'guest-unreachable') throw await bootFault(parts, error);
    throw error;
  });
}

/** Rejects when QEMU ends. */
async function ended({ names }: Parts, held: Held): Promise<never> {
  await held.qmp.closed;
  const console = await logTail(names.consoleLog, 4);
  throw await launchFault(
    `QEMU ended before the guest was up${console === '' ? '' : `; its console ended with: ${console}`}`,
    names.qemuLog,
  );
}

async function bootFault({ name, names }: Parts, cause: Fault): Promise<Fault> {
  const console = await logTail(names.consoleLog, 6);
  return new Fault('boot-timeout', `the guest of machine ${name} did not come up`, {
    cause: console === '' ? cause : new Error(`the guest's console said: ${console}`, { cause }),
    hint: 'pcoder logs shows the whole console; pcoder doctor checks the image',
  });
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const giveUp = () => reject(new Fault('interrupted', 'interrupted'));
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp, { once: true });
  });
}
