import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileDigest } from '../../bundle/fetch/digest.ts';
import type { goldenNames } from '../../bundle/folder.ts';
import { machineNamesIn } from '../../bundle/folder.ts';
import type { Connection } from '../../channel/connection.ts';
import { EXEC, ExecEvent, type ExecRequest } from '../../channel/messages/exec.ts';
import { GuestInfo, INFO } from '../../channel/messages/guest.ts';
import { call } from '../../channel/methods.ts';
import { Fault } from '../../fault/fault.ts';
import { makeSocketFolder } from '../../platform/private-folder.ts';
import { syncFolder } from '../../platform/whole-file.ts';
import { exists } from './disk.ts';
import type { GuestParts } from './guest-parts.ts';
import { QemuMachine } from './qemu-machine.ts';
import { snapshotFiles, stampOf } from './snapshot/snapshot-files.ts';
import { keyName } from './snapshot/snapshot-key.ts';
import { readSnapshotRecord, writeSnapshotRecord } from './snapshot/snapshot-record.ts';

/** Golden snapshots kept: one for each size and image somebody works with. */
const KEPT = 3;
/** Milliseconds until the guest's own start-up must be over. It has the lowest priority on the host. */
const SETTLED_WITHIN = 300_000;

/** Run once before the snapshot, so that what every session needs is in the guest's memory already. */
const WARM_UP: readonly (readonly string[])[] = [
  ['/sbin/modprobe', '-a', 'virtio_scsi', 'sd_mod'],
  ['/bin/bash', '-lc', 'true'],
  ['/usr/bin/git', '--version'],
  ['/usr/local/bin/node', '-e', '0'],
  ['/usr/bin/python3', '-c', '0'],
];

/**
 * Boots a guest of its own, waits until its system has started and saves it as the snapshot new machines of this kind start from. It has
 * seen no project, no session and no key but throw-away ones.
 * @param parts those of the machine it is made for
 * @param kind name of the key the snapshot must have
 */
export async function makeGolden(
  parts: Omit<GuestParts, 'name' | 'names' | 'sockets' | 'golden' | 'shipped' | 'opened'>,
  golden: ReturnType<typeof goldenNames>,
  kind: string,
  signal: AbortSignal,
): Promise<void> {
  const machine = await makerOf(parts, golden.making);
  await endMaking(machine, golden.making);
  await mkdir(golden.making, { recursive: true, mode: 0o700 });
  try {
    const connection = await machine.start({ progress: () => {}, signal });
    await settled(connection, signal);
    for (const argv of WARM_UP) await runInside(connection, argv);
    signal.throwIfAborted();
    if ((await machine.stop('suspend')) !== 'suspended')
      throw new Fault('snapshot-unusable', 'the guest could not be saved');
    await seal(golden, kind);
    await prune(dirname(golden.snapshot), basename(golden.snapshot));
  } finally {
    await endMaking(machine, golden.making);
  }
}

/** Ends what a supervisor that was killed while it made a snapshot has left behind. */
export async function endLeftMaking(parts: Parameters<typeof makeGolden>[0], folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith('.tmp')) continue;
    const making = join(folder, name);
    await endMaking(await makerOf(parts, making), making);
  }
}

async function makerOf(parts: Parameters<typeof makeGolden>[0], making: string): Promise<QemuMachine> {
  const sockets = await makeSocketFolder(making);
  return new QemuMachine({
    ...parts,
    name: 'golden',
    names: machineNamesIn(making),
    sockets: { qmp: join(sockets, 'qmp.sock'), channel: join(sockets, 'channel.sock') },
    background: parts.background ?? true,
    golden: () => undefined,
    shipped: () => undefined,
    opened: (_open, stream) => stream.reset(new Fault('egress-refused', 'nothing is reached from here')),
  });
}

async function endMaking(machine: QemuMachine, making: string): Promise<void> {
  if (!(await exists(making))) return;
  await machine.stop('abandon');
  await machine.abandonLeft();
  await rm(making, { recursive: true, force: true });
}

async function settled(connection: Connection, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + SETTLED_WITHIN;
  for (;;) {
    signal.throwIfAborted();
    const { system } = await call(connection, INFO, {}, GuestInfo);
    if (system === 'running' || system === 'degraded') return;
    if (Date.now() > deadline) throw new Fault('boot-timeout', `the guest's system stayed ${system}`);
    await sleep(500);
  }
}

/** Runs a program to its end; what it says and how it ends do not matter. */
function runInside(connection: Connection, argv: readonly string[]): Promise<void> {
  const request: ExecRequest = { argv: [...argv], cwd: '/', env: {}, user: 'root' };
  const stream = connection.open(EXEC, request);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stream.listen({
    message: (value) => {
      if (ExecEvent.parse(value).type === 'exit') resolve();
    },
    closed: (error) => (error === undefined ? resolve() : reject(error)),
  });
  stream.end();
  return promise;
}

/** The disk goes into the folder of the snapshot, pinned by its digest: machines share it from there. */
async function seal(golden: ReturnType<typeof goldenNames>, kind: string): Promise<void> {
  const { suspended, overlay } = machineNamesIn(golden.making);
  const files = snapshotFiles(suspended);
  const disk = join(suspended, basename(golden.disk));
  await rename(overlay, disk);
  const record = await readSnapshotRecord(files.record);
  if (record === undefined || keyName(record.key) !== kind)
    throw new Fault('snapshot-unusable', 'the snapshot is not of the kind that was wanted');
  await writeSnapshotRecord(files.record, {
    ...record,
    disk: { file: basename(disk), stamp: await stampOf(disk), sha256: await fileDigest(disk) },
  });
  await rename(suspended, golden.snapshot);
  await syncFolder(dirname(golden.snapshot));
}

/** Machines that came out of one that goes keep their share of its disk. */
async function prune(folder: string, newest: string): Promise<void> {
  const kinds: { name: string; made: number }[] = [];
  for (const name of await readdir(folder)) {
    if (name === newest || !/^[0-9a-f]{16}$/.test(name)) continue;
    kinds.push({ name, made: (await stat(join(folder, name))).mtimeMs });
  }
  kinds.sort((one, other) => other.made - one.made);
  for (const { name } of kinds.slice(KEPT - 1))
    await rm(join(folder, name), { recursive: true, force: true });
}
