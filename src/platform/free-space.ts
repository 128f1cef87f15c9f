import { statfs } from 'node:fs/promises';

/** Bytes an ordinary user may still write where `path` is. */
export async function freeSpace(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}
