import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Edit } from './steps.ts';

/** What an edit put there and took away, as far as the person who made it could see. */
export interface Given {
  written: boolean;
  gone: string[];
}

const NOTHING: Given = { written: false, gone: [] };

/** Carries out an edit if it is possible just so; otherwise nothing happens, as when a program reports an error. */
export function carryOutEdit(root: string, edit: Edit, content: string): Given {
  const path = join(root, edit.path);
  const there = isReal(root, dirname(path)) ? typeAt(path) : undefined;
  if (edit.do === 'rename') return there === undefined ? NOTHING : rename(root, path, join(root, edit.to));
  if (edit.do === 'delete') return there === undefined ? NOTHING : { written: false, gone: removed(path) };
  if (edit.do === 'exec') {
    if (there === 'file') chmodSync(path, isExecutable(path) ? 0o644 : 0o755);
    return NOTHING;
  }
  if (!makeFolder(root, dirname(path))) return NOTHING;
  if (edit.do === 'folder') {
    const gone = there === 'folder' ? [] : removed(path);
    mkdirSync(path, { recursive: true });
    return { written: false, gone };
  }
  if (edit.do === 'link') {
    const gone = removed(path);
    symlinkSync(relative(dirname(path), join(root, edit.to)) || '.', path);
    return { written: false, gone };
  }
  return write(path, edit.do, there, content);
}

export function isIgnored(path: string): boolean {
  return path.split('/').some((name) => name === 'node_modules' || name === '.git');
}

export interface Found {
  path: string;
  type: 'file' | 'folder' | 'link';
  content: string;
  exec: boolean;
}

/** Everything below a folder but what is being made there; none when there is no such folder. */
export function contentsOf(root: string): Found[] {
  const found: Found[] = [];
  const waiting = [''];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    if (typeAt(join(root, folder)) !== 'folder') continue;
    for (const name of readdirSync(join(root, folder)).sort()) {
      if (name.startsWith('.pcoder-tmp-')) continue;
      const path = folder === '' ? name : `${folder}/${name}`;
      const onDisk = join(root, path);
      const type = typeAt(onDisk) ?? 'file';
      if (type === 'folder') waiting.push(path);
      const content =
        type === 'file' ? readFileSync(onDisk, 'utf8') : type === 'link' ? readlinkSync(onDisk) : '';
      found.push({ path, type, content, exec: type === 'file' && isExecutable(onDisk) });
    }
  }
  return found;
}

function write(path: string, how: Edit['do'], there: Found['type'] | undefined, content: string): Given {
  const gone = there === undefined ? [] : removed(path, there === 'file' && how === 'rewrite');
  if (there === 'file' && how === 'rewrite') {
    // In place, and with the time it had: only a careful look tells.
    const { atime, mtime } = lstatSync(path);
    writeFileSync(path, content);
    utimesSync(path, atime, mtime);
  } else if (how === 'replace') {
    // As editors do.
    const beside = join(dirname(path), '.pcoder-tmp-editor');
    writeFileSync(beside, content);
    renameSync(beside, path);
  } else writeFileSync(path, content);
  return { written: true, gone };
}

function rename(root: string, from: string, to: string): Given {
  if (from === to || to.startsWith(`${from}/`) || from.startsWith(`${to}/`)) return NOTHING;
  if (!makeFolder(root, dirname(to)) || typeAt(from) === undefined) return NOTHING;
  const gone = removed(to);
  // Where nothing is exchanged it is out of sight for the other side, as if it had been removed.
  if (isIgnored(relative(root, to))) gone.push(...removed(from, true));
  renameSync(from, to);
  return { written: false, gone };
}

/** @param keep only tell what there is */
function removed(path: string, keep = false): string[] {
  const type = typeAt(path);
  if (type === undefined) return [];
  const gone = type === 'file' ? [readFileSync(path, 'utf8')] : type === 'folder' ? filesIn(path) : [];
  if (!keep) rmSync(path, { recursive: true });
  return gone;
}

function filesIn(folder: string): string[] {
  return contentsOf(folder).flatMap(({ type, content }) => (type === 'file' ? [content] : []));
}

/** Real folders only: nobody writes through a link here. */
function makeFolder(root: string, folder: string): boolean {
  if (folder === root) {
    mkdirSync(root, { recursive: true });
    return true;
  }
  if (!makeFolder(root, dirname(folder))) return false;
  const type = typeAt(folder);
  if (type === undefined) mkdirSync(folder);
  return type === undefined || type === 'folder';
}

function isReal(root: string, folder: string): boolean {
  return folder === root || (isReal(root, dirname(folder)) && typeAt(folder) === 'folder');
}

function typeAt(path: string): Found['type'] | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  return stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'file';
}

function isExecutable(path: string): boolean {
  return (lstatSync(path).mode & 0o100) !== 0;
}
