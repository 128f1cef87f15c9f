import { copyFile, readdir, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';

/**
 * Turns every link under `base` into a plain file, so that the folder survives file systems without links. The versioned name a
 * library's link points to is given up for the link's own name, which is what the loader asks for; other targets are copied.
 * Links that lead nowhere or to a folder go. `root` is the tree that absolute link targets start from.
 */
export async function plainFiles(base: string, root: string): Promise<void> {
  const entries = await readdir(base, { recursive: true, withFileTypes: true });
  const links = entries
    .filter((entry) => entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name));
  const sources = new Map<string, string | undefined>();
  for (const link of links) sources.set(link, await targetFile(link, root));
  const moved = new Map<string, string>();
  for (const [link, source] of sources) {
    await rm(link);
    if (source === undefined) continue;
    const now = moved.get(source);
    if (now === undefined && dirname(source) === dirname(link)) {
      await rename(source, link);
      moved.set(source, link);
    } else {
      await copyFile(now ?? source, link);
    }
  }
}

async function targetFile(link: string, root: string): Promise<string | undefined> {
  const target = await readlink(link);
  const path = isAbsolute(target) ? join(root, target) : join(dirname(link), target);
  const real = await realpath(path).catch(() => undefined);
  return real !== undefined && (await stat(real)).isFile() ? real : undefined;
}
