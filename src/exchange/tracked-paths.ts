import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** What git says of a project, read from its files: no program of the host's runs for it. */
export interface GitFacts {
  /** the work tree's folder */
  top: string;
  /** paths relative to it, `/` between names */
  tracked: ReadonlySet<string>;
  /** changes whenever the index does */
  state: string;
}

/**
 * Finds the work tree a folder lies in; undefined when it lies in none. An index that cannot be read tracks nothing.
 * @param former returned as it is when nothing has changed since
 */
export async function gitFacts(root: string, former?: GitFacts): Promise<GitFacts | undefined> {
  for (let top = root; ; top = dirname(top)) {
    const folder = await gitFolder(join(top, '.git'));
    if (folder !== undefined) {
      const path = join(folder, 'index');
      // git writes it anew and renames it into place.
      const found = await stat(path).catch(() => undefined);
      const state = [top, path, found?.ino, found?.size, found?.mtimeMs, found?.ctimeMs].join(' ');
      if (former?.state === state) return former;
      const index = await readFile(path).catch(() => undefined);
      return { top, state, tracked: new Set(index === undefined ? [] : indexPaths(index)) };
    }
    if (dirname(top) === top) return undefined;
  }
}

/** A folder, or in further work trees and submodules a file that names it. */
async function gitFolder(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) return path;
  if (found?.isFile() !== true || found.size > 4096) return undefined;
  const told = /^gitdir: (.+?)\r?\n?$/.exec(await readFile(path, 'utf8').catch(() => ''))?.[1];
  return told === undefined ? undefined : resolve(dirname(path), told);
}

/** The names in an index of version 2, 3 or 4 (gitformat-index(5)); none when it is anything else or damaged. */
export function indexPaths(index: Buffer): string[] {
  const version = index.length < 12 ? 0 : index.readUInt32BE(4);
  if (index.toString('latin1', 0, 4) !== 'DIRC' || version < 2 || version > 4) return [];
  const paths: string[] = [];
  let at = 12;
  let name = Buffer.alloc(0);
  for (let left = index.readUInt32BE(8); left > 0; left--) {
    if (at + FIXED + 2 > index.length) return [];
    const extended = version > 2 && (index.readUInt16BE(at + FIXED) & 0x4000) !== 0;
    let start = at + FIXED + (extended ? 4 : 2);
    let kept = 0;
    if (version === 4) {
      const [drop, next] = offset(index, start);
      kept = Math.max(0, name.length - drop);
      start = next;
    }
    const end = index.indexOf(0, start);
    if (end === -1) return [];
    name = Buffer.concat([name.subarray(0, kept), index.subarray(start, end)]);
    paths.push(name.toString());
    // Up to version 3, 1 to 8 zeros fill an entry up to a multiple of eight bytes.
    at = version === 4 ? end + 1 : at + ((end - at + 8) & ~7);
  }
  return paths;
}

/** Times, numbers, mode, owner, size and object id (SHA-1) before the flags. */
const FIXED = 60;

/** git's offset encoding: big-endian groups of seven bits, one added per continuation. */
function offset(bytes: Buffer, start: number): [value: number, next: number] {
  let at = start;
  let byte = bytes[at++] ?? 0;
  let value = byte & 0x7f;
  while ((byte & 0x80) !== 0) {
    byte = bytes[at++] ?? 0;
    value = (value + 1) * 128 + (byte & 0x7f);
  }
  return [value, at];
}
