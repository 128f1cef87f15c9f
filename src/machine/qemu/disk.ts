import { constants, copyFile, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import type { QemuInstall } from '../../bundle/assets/qemu.ts';
import { Fault, systemCode } from '../../fault/fault.ts';
import { syncFolder, writeFault } from '../../platform/whole-file.ts';

/** Bytes of free space below which a machine is not started: its disk grows while it runs. */
export const LEAST_FREE = 512 * 1024 * 1024;

/** Makes an empty layer over an image's root disk, unless it exists. It is whole or not there. */
export async function ensureLayer(qemu: QemuInstall, layer: string, base: string): Promise<void> {
  if (await exists(layer)) return;
  const temporary = `${layer}.tmp`;
  const command = qemu.command('qemu-img');
  const size = await virtualSize(qemu, base);
  await mkdir(dirname(layer), { recursive: true });
  // No backing file in the header: what lies under it is said at every start, so the folder can move.
  const result = await execa(
    command.file,
    [...command.args, 'create', '-q', '-f', 'qcow2', temporary, String(size)],
    { env: command.env, reject: false },
  );
  if (result.failed) {
    await rm(temporary, { force: true });
    if (/No space left/i.test(String(result.stderr)))
      throw writeFault(layer, Object.assign(new Error(String(result.stderr)), { code: 'ENOSPC' }));
    throw new Fault('qemu-failed', `the machine's disk ${layer} could not be made`, {
      cause: new Error(String(result.stderr)),
      hint: 'pcoder doctor',
    });
  }
  await rename(temporary, layer);
  await syncFolder(dirname(layer));
}

/** @throws Fault `asset-missing` naming the layer that is gone */
export async function requireLayers(home: string, disks: readonly string[]): Promise<void> {
  for (const name of disks) {
    if (await exists(join(home, name))) continue;
    throw new Fault('asset-missing', `a part of the machine's disk is gone: ${join(home, name)}`, {
      hint: `put it back, or begin anew with: pcoder machine reset ${basename(home)}`,
    });
  }
}

/**
 * The same content under a second name: no copy where the file system has hard links. The file must never be written again.
 * @throws Fault `disk-full`, `folder-unwritable`
 */
export async function share(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'EEXIST') throw error;
    // exFAT, another disk, …
    await copyFile(from, to, constants.COPYFILE_FICLONE).catch((reason: unknown) => {
      throw writeFault(to, reason);
    });
  }
}

/**
 * A copy of an empty layer. Whole or not there, and never written into a file of that name: forks may share it.
 * @throws Fault `disk-full`, `folder-unwritable`
 */
export async function copyLayer(empty: string, layer: string): Promise<void> {
  const temporary = join(dirname(layer), `.${basename(layer)}.tmp`);
  try {
    await copyFile(empty, temporary);
    await using file = await open(temporary, 'r+');
    await file.sync();
    await rename(temporary, layer);
    await syncFolder(dirname(layer));
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeFault(layer, error);
  }
}

async function virtualSize(qemu: QemuInstall, path: string): Promise<number> {
  const command = qemu.command('qemu-img');
  const { stdout } = await execa(command.file, [...command.args, 'info', '--output=json', path], {
    env: command.env,
  });
  return Number(JSON.parse(stdout)['virtual-size']);
}

export async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
