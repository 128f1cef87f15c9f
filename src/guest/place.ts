import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  mkdirSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { PlaceFile } from '../channel/messages/guest.ts';
import { PORTABLE } from './users.ts';

/** Writes one small file for the guest user, whole, with folders the user owns. */
export function placeFile(file: PlaceFile): void {
  if (file.keep && existsSync(file.path)) return;
  makeFolders(dirname(file.path));
  const temporary = join(dirname(file.path), `.${basename(file.path)}.${randomBytes(4).toString('hex')}`);
  const handle = openSync(temporary, 'wx', file.mode);
  writeSync(handle, file.content);
  fchmodSync(handle, file.mode);
  fchownSync(handle, PORTABLE.uid, PORTABLE.gid);
  closeSync(handle);
  renameSync(temporary, file.path);
}

/** Makes the missing folders of a path below the guest user's home, owned by that user. */
export function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  makeFolders(dirname(folder));
  mkdirSync(folder, { mode: 0o755 });
  chownSync(folder, PORTABLE.uid, PORTABLE.gid);
}
