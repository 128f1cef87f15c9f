import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { loadQemu } from '../../../src/bundle/assets/qemu.ts';
import { imageNames } from '../../../src/bundle/folder.ts';
import { ROOT } from '../../e2e/scene.ts';

/**
 * Checks a stopped machine's disk: each layer's own tables, then the file system on all of them together. The journal is replayed on a copy
 * first, as the next start would.
 * @throws Error with the checker's words
 */
export async function checkDisk(state: string, machine: string): Promise<void> {
  const folder = { root: ROOT, state };
  const home = join(state, 'vm', machine);
  const qemu = await loadQemu(folder);
  const run = async (program: 'qemu-img' | 'e2fsck', args: string[], fine: number[]) => {
    const { file, args: before, env } = qemu.command(program);
    const { exitCode, all } = await execa(file, [...before, ...args], { env, all: true, reject: false });
    if (!fine.includes(exitCode ?? -1))
      throw new Error(`${program} ${args[0]} ended with ${exitCode}: ${all}`);
  };
  const { disks, image } = JSON.parse(await readFile(join(home, 'machine.json'), 'utf8'));
  let layers: Record<string, unknown> = layer(imageNames(folder, image).root);
  for (const name of disks) {
    // 3: clusters that are used by nothing, which a killed QEMU may leave; no data is lost by them.
    await run('qemu-img', ['check', '-f', 'qcow2', join(home, name)], [0, 3]);
    layers = { ...layer(join(home, name)), backing: layers };
  }
  const copy = join(state, `checked-${machine}.raw`);
  try {
    await run('qemu-img', ['convert', '-O', 'raw', `json:${JSON.stringify(layers)}`, copy], [0]);
    await run('e2fsck', ['-p', copy], [0, 1]);
    await run('e2fsck', ['-fn', copy], [0]);
  } finally {
    await rm(copy, { force: true });
  }
}

function layer(filename: string) {
  return { driver: 'qcow2', file: { driver: 'file', filename } };
}
