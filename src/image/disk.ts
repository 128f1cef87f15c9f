import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { QemuInstall, QemuProgram } from '../bundle/assets/qemu.ts';
import type { Reach } from '../bundle/fetch/reach.ts';
import type { Recipe } from './recipe.ts';

/**
 * Makes the root disk out of a tar file: ext4 in a sparse file, then qcow2. mke2fs reads the tar itself (≥ 1.47.1 with libarchive), so
 * owners are right without being root; the file starts as zeros, so nothing is left to be initialised in the guest.
 */
export async function makeRootDisk(
  tar: string,
  to: string,
  recipe: Recipe,
  work: string,
  tools: { qemu: QemuInstall; reach: Reach; signal: AbortSignal },
): Promise<void> {
  const raw = join(work, 'root.raw');
  const run = async (program: QemuProgram, args: string[]) => {
    const command = tools.qemu.command(program);
    await tools.reach.run(command.file, [...command.args, ...args], {
      env: command.env,
      signal: tools.signal,
    });
  };
  const { gibibytes, journalMebibytes } = recipe.disk;
  const shape = [
    '-m',
    '0',
    '-L',
    'pcoder-root',
    '-J',
    `size=${journalMebibytes}`,
    '-E',
    'assume_storage_prezeroed=1',
  ];
  await run('mke2fs', ['-q', '-F', '-t', 'ext4', ...shape, '-d', tar, raw, `${gibibytes}G`]);
  await run('qemu-img', ['convert', '-q', '-f', 'raw', '-O', 'qcow2', raw, to]);
  await rm(raw);
}
