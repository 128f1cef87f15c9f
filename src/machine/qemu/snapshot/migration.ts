import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Progress } from '../../../bundle/progress.ts';
import { Fault } from '../../../fault/fault.ts';
import type { QmpClient } from '../qmp.ts';

type Qmp = Pick<QmpClient, 'execute'>;

const State = z.object({
  status: z.optional(z.string()),
  'error-desc': z.optional(z.string()),
  ram: z.optional(z.object({ transferred: z.number(), remaining: z.number(), total: z.number() })),
});

/** What QEMU's migration does nothing more in. */
const SETTLED: ReadonlySet<string> = new Set(['none', 'completed', 'failed', 'cancelled']);

/** Milliseconds between two looks at how far QEMU has got. */
const LOOK = 5;
/** Bytes a second, as good as none: by itself QEMU spares the network it thinks it writes to and keeps to 128 MiB/s. */
const UNLIMITED = 2 ** 40;
/** Milliseconds without any progress after which a save or load is given up. */
const STUCK = 60_000;

/** Writes a stopped guest's memory and devices to a file, each page at a place of its own (`mapped-ram`, QEMU ≥ 9). @throws Fault `qemu-failed` */
export async function saveTo(qmp: Qmp, file: string, progress: Progress): Promise<void> {
  await useMappedRam(qmp);
  await qmp.execute('migrate-set-parameters', { 'max-bandwidth': UNLIMITED });
  await qmp.execute('migrate', { uri: `file:${file}` });
  await finished(qmp, progress);
}

/** Reads devices (and what memory the stream holds) into a QEMU that waits for them. @throws Fault `qemu-failed` */
export async function loadFrom(qmp: Qmp, file: string): Promise<void> {
  await useMappedRam(qmp);
  await qmp.execute('migrate-incoming', { uri: `file:${file}` });
  await finished(qmp, () => {});
}

/** Ends a save that nobody waits for any more: as long as one is under way, the guest would be stopped again at its end. */
export async function giveUpSave(qmp: Qmp): Promise<void> {
  await qmp.execute('migrate_cancel');
  for (;;) {
    const { status } = State.parse(await qmp.execute('query-migrate'));
    if (status === undefined || SETTLED.has(status)) return;
    await sleep(LOOK);
  }
}

async function useMappedRam(qmp: Qmp): Promise<void> {
  await qmp.execute('migrate-set-capabilities', {
    capabilities: [{ capability: 'mapped-ram', state: true }],
  });
}

async function finished(qmp: Qmp, progress: Progress): Promise<void> {
  let last = '';
  let since = Date.now();
  for (;;) {
    const state = State.parse(await qmp.execute('query-migrate'));
    if (state.status === 'completed') return;
    if (state.status === 'failed' || state.status === 'cancelled')
      throw new Fault('qemu-failed', 'QEMU could not move the guest’s memory', {
        cause: new Error(state['error-desc'] ?? state.status),
      });
    if (state.ram !== undefined) {
      const { total, remaining } = state.ram;
      progress({
        type: 'amount',
        step: 'saving the guest’s memory',
        done: total - remaining,
        total,
        unit: 'bytes',
      });
    }
    const now = JSON.stringify(state);
    if (now !== last) {
      last = now;
      since = Date.now();
    } else if (Date.now() - since > STUCK) {
      throw new Fault('qemu-failed', `QEMU moved none of the guest’s memory for ${STUCK / 1000} s`);
    }
    await sleep(LOOK);
  }
}
