import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../fault/fault.ts';
import type { HostRepository } from './repository.ts';

/** One path that differs between two commits, as the second has it. */
interface Change {
  path: string;
  mode: string;
  object: string;
}

/** Paths of a fast-forward that are compared at most. */
const MOST = 50_000;

/**
 * Whether the work tree is, wherever two commits differ, as the second one has it: byte by byte, no filter run, no link followed at its end.
 * @returns the first path that is not, `''` for too many, undefined when all agree
 */
export async function disagreement(
  repository: HostRepository,
  from: string,
  to: string,
): Promise<string | undefined> {
  const out = await repository.git.ask([
    'diff-tree',
    '-r',
    '-z',
    '--raw',
    '--no-renames',
    '--no-abbrev',
    from,
    to,
  ]);
  const items = out.toString().split('\0');
  if (items.length > 2 * MOST) return '';
  for (let at = 0; at + 1 < items.length; at += 2) {
    const [, mode = '', object = ''] = /^:\d+ (\d+) [0-9a-f]+ ([0-9a-f]+) [A-Z]$/.exec(items[at] ?? '') ?? [];
    const change = { path: items[at + 1] ?? '', mode, object };
    if (!(await agrees(repository, change))) return change.path;
  }
  return undefined;
}

async function agrees(
  { root, format, config }: HostRepository,
  { path, mode, object }: Change,
): Promise<boolean> {
  const place = join(root, path);
  const stats = await lstat(place).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  });
  if (mode === '000000') return stats === undefined;
  if (stats === undefined) return false;
  const hash = createHash(format);
  if (mode === '120000') {
    if (!stats.isSymbolicLink()) return false;
    const target = await readlink(place, 'buffer');
    return hash.update(`blob ${target.length}\0`).update(target).digest('hex') === object;
  }
  if (!stats.isFile() || !['100644', '100755'].includes(mode)) return false;
  const isExecutable = (stats.mode & 0o100) !== 0;
  if (config.get('core.filemode') !== 'false' && isExecutable !== (mode === '100755')) return false;
  hash.update(`blob ${stats.size}\0`);
  for await (const piece of createReadStream(place)) hash.update(piece as Uint8Array);
  return hash.digest('hex') === object;
}
