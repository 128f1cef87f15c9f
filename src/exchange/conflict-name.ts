import { extname } from 'node:path';
import { below, NAME_BYTES, nameOf, parentOf } from './shared/path.ts';

/**
 * The path beside `path` for the guest's version when both sides changed it: `name.pcoder-conflict-<session>-<n>.ext`.
 * @param isFile only files have an extension that programs go by
 */
export function conflictPath(path: string, isFile: boolean, session: string, n: number): string {
  const name = nameOf(path);
  const extension = isFile ? extname(name) : '';
  const mark = `.pcoder-conflict-${session}-${n}${extension}`;
  const stem = extension === '' ? name : name.slice(0, -extension.length);
  // An extension too long to keep is part of the name like any other.
  if (Buffer.byteLength(mark) > NAME_BYTES / 2) return conflictPath(path, false, session, n);
  return below(parentOf(path), shortened(stem, NAME_BYTES - Buffer.byteLength(mark)) + mark);
}

function shortened(stem: string, bytes: number): string {
  let kept = stem;
  while (Buffer.byteLength(kept) > bytes) kept = [...kept].slice(0, -1).join('');
  return kept;
}
