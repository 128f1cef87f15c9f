import { lstatSync, readlinkSync } from 'node:fs';
import { sep } from 'node:path';
import { systemCode } from '../../fault/fault.ts';
import type { Folders } from './folders.ts';
import { below, checkName, nameOf, parentOf } from './path.ts';

/** The longest target a Windows link can hold (Mutagen's "portable" links). */
const TARGET_LENGTH = 247;
/** Linux gives up after as many. */
const HOPS = 40;

/**
 * Where a link leads, if it is one that can be exchanged: relative, inside the project, `..` only at its start. A `..`
 * after a name could leave the project by way of another link (`a/link/../../x`), one at the start cannot, because a
 * link's own folder is always a real one.
 * @returns the project path, '' for the root, undefined when it must not be made
 */
export function linkDestination(link: string, target: string): string | undefined {
  if (target === '' || target.startsWith('/') || target.length > TARGET_LENGTH) return undefined;
  let folder: string | undefined = parentOf(link);
  const names = target.split('/');
  while (names[0] === '..') {
    if (folder === '') return undefined;
    folder = parentOf(folder);
    names.shift();
  }
  // One slash at the end is common and harmless.
  if (names.at(-1) === '') names.pop();
  for (const name of names) {
    if (name === '.') continue;
    if (checkName(name) !== undefined || name.includes(':')) return undefined;
    folder = below(folder, name);
  }
  return folder;
}

/**
 * Whether following a link from here would stay inside on this disk, through whatever other links are there already: the
 * host may have links of its own that lead out, and the guest must not get a second name for what is behind them.
 */
export function staysInside(folders: Folders, link: string, target: string): boolean {
  let destination = linkDestination(link, target);
  for (let hops = 0; hops < HOPS; hops += 1) {
    if (destination === undefined) return false;
    const met = firstLink(folders, destination);
    if (met === undefined) return true;
    const onward = linkDestination(met.path, met.target);
    if (onward === undefined) return false;
    destination = met.rest === '' ? onward : below(onward, met.rest);
  }
  return false;
}

function firstLink(
  folders: Folders,
  path: string,
): { path: string; target: string; rest: string } | undefined {
  const names = path === '' ? [] : path.split('/');
  let at = '';
  for (const [index, name] of names.entries()) {
    at = below(at, name);
    try {
      const onDisk = `${folders.enter(parentOf(at))}/${nameOf(at)}`;
      if (lstatSync(onDisk).isSymbolicLink()) {
        return {
          path: at,
          target: portableTarget(readlinkSync(onDisk)),
          rest: names.slice(index + 1).join('/'),
        };
      }
    } catch (error) {
      // Nothing there (yet): the rest is names only, already judged.
      if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
      throw error;
    }
  }
  return undefined;
}

/** Windows answers with backslashes. */
export function portableTarget(target: string): string {
  return sep === '/' ? target : target.replaceAll(sep, '/');
}
