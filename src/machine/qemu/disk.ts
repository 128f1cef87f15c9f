import { rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { execa } from 'execa';
import type { QemuInstall } from '../../bundle/assets/qemu.ts';
import { Fault } from '../../fault/fault.ts';
import { syncFolder, writeFault } from '../../platform/whole-file.ts';

/** Bytes of free space below which a machine is not started: its disk grows while it runs. */
export const LEAST_FREE = 512 * 1024 * 1024;

/** Makes a machine's own disk on an image's root disk, unless it exists. It is whole or not there. */
export async function ensureOverlay(qemu: QemuInstall, overlay: string, base: string): Promise<void> {
  if (await exists(overlay)) return;
  const temporary = `${overlay}.tmp`;
  const command = qemu.command('qemu-img');
  const size = await virtualSize(qemu, base);
  // No backing file in the header: which base lies under it is said at every start, so the folder can move.
  const result = await execa(
    command.file,
    [...command.args, 'create', '-q', '-f', 'qcow2', temporary, String(size)],
    { env: command.env, reject: false },
  );
  if (result.failed) {
    await rm(temporary, { force: true });
    if (/No space left/i.test(String(result.stderr)))
      throw writeFault(overlay, Object.assign(new Error(String(result.stderr)), { code: 'ENOSPC' }));
    throw new Fault('qemu-failed', `the machine's disk ${overlay} could not be made`, {
      cause: new Error(String(result.stderr)),
      hint: 'pcoder doctor',
    });
  }
  await rename(temporary, overlay);
  await syncFolder(dirname(overlay));
}

async function virtualSize(qemu: QemuInstall, path: string): Promise<number> {
  const command = qemu.command('qemu-img');
  const { stdout } = await execa(command.file, [...command.args, 'info', '--output=json', path], {
    env: command.env,
  });
  return Number(JSON.parse(stdout)['virtual-size']);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
