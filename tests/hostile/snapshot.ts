import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Every path below a folder with all there is to know of it: type, mode, bytes or target, and for what must not be touched the times and the inode as well. */
export type Snapshot = Map<string, string>;

/** @param exact with times and inode numbers */
export function snapshot(root: string, exact: (path: string) => boolean): Snapshot {
  const found: Snapshot = new Map();
  const waiting = [''];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const name of readdirSync(join(root, folder))) {
      const path = folder === '' ? name : `${folder}/${name}`;
      const stats = lstatSync(join(root, path));
      const times = exact(path) ? ` ${stats.mtimeMs} ${stats.ino} ${stats.nlink}` : '';
      found.set(path, `${what(join(root, path), stats)} ${(stats.mode & 0o7777).toString(8)}${times}`);
      if (stats.isDirectory()) waiting.push(path);
    }
  }
  return found;
}

function what(path: string, stats: ReturnType<typeof lstatSync>): string {
  if (stats?.isSymbolicLink()) return `→ ${readlinkSync(path)}`;
  if (stats?.isDirectory()) return '/';
  return stats?.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'special';
}

/** What changed between two snapshots: path → what it is now, or `gone`. */
export function changes(before: Snapshot, after: Snapshot): Record<string, string> {
  const changed: Record<string, string> = {};
  for (const [path, now] of after) if (before.get(path) !== now) changed[path] = now;
  for (const path of before.keys()) if (!after.has(path)) changed[path] = 'gone';
  return changed;
}
