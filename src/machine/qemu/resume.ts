import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Connection } from '../../channel/connection.ts';
import { BOOT_KEY_BYTES } from '../../channel/handshake.ts';
import type { ComingUp, GuestParts } from './guest-parts.ts';
import { ensureSshKeys, writeBootKeys } from './keys.ts';
import { launchGuest } from './launch-guest.ts';
import { openSocket } from './link.ts';
import type { MachineRecord } from './record.ts';
import { renew } from './renewal.ts';
import { loadFrom } from './snapshot/migration.ts';
import { consume, discard, type Usable } from './snapshot/usable.ts';
import type { StartPlan } from './start-plan.ts';

/** Milliseconds a guest from a snapshot gets to prove itself: a hundred times what was measured. */
const RESUME_WITHIN = 20_000;

/**
 * Starts a guest from a snapshot. A suspended machine's snapshot is consumed when its devices are loaded and before its guest runs: a crash
 * before leaves the snapshot as it was, a crash after leaves a disk without memory.
 */
export async function resumeGuest(
  parts: GuestParts,
  coming: ComingUp,
  plan: StartPlan,
  record: MachineRecord,
  { snapshot, kind }: { snapshot: Usable; kind: 'golden' | 'resumed' },
): Promise<Connection> {
  const { names, sockets } = parts;
  const { files } = snapshot;
  const { apps, memory, bootKey: hex } = snapshot.record;
  const bootKey = Buffer.from(hex, 'hex');
  // Forks share the memory they have not written, 70 instead of 270 MB each. The price is paid at the next suspend: QEMU then looks at every
  // page, and those of the file's holes have to be made first (6 s instead of 2 s measured). Any other machine reads the file: 40 ms.
  const isMapped = record.forkedFrom !== undefined;
  const start = {
    kind: 'resume',
    memory: isMapped ? { file: files.memory, offset: memory.offset } : undefined,
    apps: apps.map((app) => ({ ...app, disk: join(names.home, app.disk) })),
  } as const;
  const nextKey = randomBytes(BOOT_KEY_BYTES);
  await writeBootKeys(names.bootKey, bootKey, nextKey);
  const sshKeys = ensureSshKeys(names);
  const held = await launchGuest(parts, plan, record, bootKey, coming, start, kind);
  const socket = await openSocket(sockets.channel);
  await loadFrom(held.qmp, isMapped ? files.devices : files.memory);
  if (kind === 'resumed') await consume(files);
  await held.qmp.execute('cont');
  const connection = await coming.connect({
    socket,
    resumed: false,
    within: RESUME_WITHIN,
    isLast: kind === 'resumed',
  });
  coming.renewing(renew(names, held, connection, nextKey, await sshKeys));
  if (kind === 'resumed') coming.later(() => discard(files));
  return connection;
}
