import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Fault } from '../fault/fault.ts';

const run = promisify(execFile);

/** Milliseconds a freshly plugged disk gets to appear. */
const APPEARS_WITHIN = 10_000;

/** Mounts the disk of one tool, read-only, where its SCSI target appears. Mounting it again changes nothing; another disk takes the former one's place. */
export async function mountApp(target: number, path: string): Promise<void> {
  const mounted = mountedAt(path);
  if (mounted !== undefined && mounted === diskAt(target)) return;
  // A program of the version before may still run from it.
  if (mounted !== undefined) await run('/bin/umount', ['--lazy', path]);
  // Nothing of the guest's own start needs SCSI, so its drivers are loaded with the first tool.
  if (!existsSync('/sys/class/scsi_device') || diskAt(target) === undefined)
    await run('/sbin/modprobe', ['-a', 'virtio_scsi', 'sd_mod']);
  const device = await waitForDisk(target);
  mkdirSync(path, { recursive: true });
  await run('/bin/mount', ['-t', 'ext4', '-o', 'ro,nosuid,nodev,noload', device, path]);
}

function mountedAt(path: string): string | undefined {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, place]) => place === path)?.[0];
}

async function waitForDisk(target: number): Promise<string> {
  const deadline = Date.now() + APPEARS_WITHIN;
  for (;;) {
    const device = diskAt(target);
    if (device !== undefined && existsSync(device)) return device;
    if (Date.now() > deadline)
      throw new Fault('guest-unreachable', `the tool's disk at target ${target} did not appear in the guest`);
    await sleep(10);
  }
}

/** `/sys/class/scsi_device/H:0:TARGET:0/device/block/sdX` */
function diskAt(target: number): string | undefined {
  const list = '/sys/class/scsi_device';
  if (!existsSync(list)) return undefined;
  for (const address of readdirSync(list)) {
    if (address.split(':')[2] !== String(target)) continue;
    const block = `${list}/${address}/device/block`;
    const name = existsSync(block) ? readdirSync(block)[0] : undefined;
    if (name !== undefined) return `/dev/${name}`;
  }
  return undefined;
}
