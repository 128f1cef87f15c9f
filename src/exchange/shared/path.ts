import type { Reason } from './reason.ts';

/** Bytes of one name: the limit of ext4, NTFS (in UTF-16 units) and APFS alike. */
export const NAME_BYTES = 255;
/** Linux PATH_MAX. */
export const PATH_BYTES = 4096;
export const PATH_DEPTH = 100;

/**
 * Whether a project path may exist at all: relative, `/` between names, every name an ordinary one. What a particular
 * host cannot hold is judged by `host-name.ts`.
 * @returns the reason against it, or undefined
 */
export function checkPath(path: string): Reason | undefined {
  if (path.length > PATH_BYTES || Buffer.byteLength(path) > PATH_BYTES) return 'too-long';
  const names = path.split('/');
  if (names.length > PATH_DEPTH) return 'too-long';
  for (const name of names) {
    const reason = checkName(name);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** The same for one name of a path. */
export function checkName(name: string): Reason | undefined {
  if (name === '' || name === '.' || name === '..') return 'name';
  if (UNUSABLE.test(name) || DRIVE_OR_STREAM.test(name) || !name.isWellFormed()) return 'name';
  // One UTF-16 unit is at most 3 bytes, so only longer names need counting.
  if (name.length > NAME_BYTES / 3 && Buffer.byteLength(name) > NAME_BYTES) return 'too-long';
  return undefined;
}

/** The folder a path is in; '' for the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function below(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** Whether `path` is `top` or lies below it. */
export function isWithin(path: string, top: string): boolean {
  return path.startsWith(top) && (path.length === top.length || path.charCodeAt(top.length) === SLASH);
}

const SLASH = 0x2f;

// U+FFFD is what Node decodes bytes to that are no UTF-8: such a name could not be opened again.
const UNUSABLE = /[\u0000-\u001f\u007f-\u009f\\/\ufffd]/;

// `C:` means a drive and `name::$DATA` a stream as soon as a Windows program joins paths; neither occurs by chance.
const DRIVE_OR_STREAM = /^[A-Za-z]:|:\$/;
