import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder, writeFault } from '../../platform/whole-file.ts';

/**
 * Makes a folder whole or not at all: `build` fills a fresh one beside it, which then takes the name. What earlier, killed
 * attempts left is removed first, so the caller must hold the turn for this folder.
 * @throws Fault `disk-full`, `folder-unwritable`, whatever `build` throws
 */
export async function replaceFolder(target: string, build: (fresh: string) => Promise<void>): Promise<void> {
  const parent = dirname(target);
  const fresh = join(parent, `${basename(target)}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    await mkdir(parent, { recursive: true });
    await removeLeftovers(target);
    await mkdir(fresh);
    await build(fresh);
    const old = `${fresh}.old.tmp`;
    await rename(target, old).catch(() => undefined);
    await rename(fresh, target);
    await syncFolder(parent);
    await rm(old, { recursive: true, force: true });
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    throw writeFault(target, error);
  }
}

async function removeLeftovers(target: string): Promise<void> {
  const prefix = `${basename(target)}.`;
  for (const name of await readdir(dirname(target))) {
    if (name.startsWith(prefix) && name.endsWith('.tmp'))
      await rm(join(dirname(target), name), { recursive: true, force: true });
  }
}
