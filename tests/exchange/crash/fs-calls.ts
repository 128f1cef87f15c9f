import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

// A layer between the program and the file system: every call that may change the disk is counted and can be made to fail.

export type Side = 'host' | 'guest';

/** Told of each call before it is made; throws to have it not made. */
type Watch = (call: { name: string; side: Side }) => void;

const side = new AsyncLocalStorage<Side>();
let watch: Watch | undefined;

/** Calls of the work are the guest's, those it makes on behalf of others included. */
export function asGuest<T>(work: () => T): T {
  return side.run('guest', work);
}

/** Has each call of the work that may change the disk told to `told`. */
export async function watched<T>(told: Watch, work: () => Promise<T>): Promise<T> {
  watch = told;
  try {
    return await work();
  } finally {
    watch = undefined;
  }
}

/** Puts the layer in place, for all modules of this process, also those that are loaded already. */
export async function install(): Promise<void> {
  for (const name of SYNC) replace(fs, name, (args) => !isReading(name, args));
  for (const name of ASYNC) replace(fs.promises, name, (args) => !isReading(name, args));
  const handle = await fs.promises.open(import.meta.filename);
  await handle.close();
  for (const name of HANDLE) replace(Object.getPrototypeOf(handle), name, () => true);
  for (const name of HANDLE_TEXT) halve(Object.getPrototypeOf(handle), name);
  Object.assign(fs, { writeSync: halved(fs.writeSync) });
  syncBuiltinESMExports();
}

const SYNC = [
  ...['openSync', 'fsyncSync', 'fsync', 'ftruncateSync', 'writeFileSync', 'copyFileSync'],
  ...['renameSync', 'linkSync', 'unlinkSync', 'mkdirSync', 'rmdirSync', 'rmSync', 'symlinkSync'],
  ...['chmodSync', 'fchmodSync', 'lchownSync', 'fchownSync', 'futimesSync', 'utimesSync', 'chownSync'],
];
const ASYNC = [
  'open',
  'rename',
  'link',
  'unlink',
  'mkdir',
  'rmdir',
  'rm',
  'symlink',
  'copyFile',
  'chmod',
  'writeFile',
];
const HANDLE = ['write', 'sync', 'datasync', 'truncate', 'chmod'];
const HANDLE_TEXT = ['writeFile', 'appendFile'];

type Call = (this: unknown, ...args: unknown[]) => unknown;

function replace(object: object, name: string, changes: (args: unknown[]) => boolean): void {
  const call: Call = Reflect.get(object, name);
  Reflect.set(object, name, function (this: unknown, ...args: unknown[]) {
    if (watch !== undefined && changes(args)) watch({ name, side: side.getStore() ?? 'host' });
    return call.apply(this, args);
  });
}

function isReading(name: string, [, flags]: unknown[]): boolean {
  if (name !== 'openSync' && name !== 'open') return false;
  const writing = fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT;
  return flags === undefined || flags === 'r' || (typeof flags === 'number' && (flags & writing) === 0);
}

/** A write that is cut off leaves a part of it: each is made in two. */
function halved(write: typeof fs.writeSync) {
  return (fd: number, bytes: Uint8Array, offset = 0): number => {
    if (watch === undefined) return write(fd, bytes, offset);
    const from = side.getStore() ?? 'host';
    watch({ name: 'writeSync', side: from });
    const middle = offset + Math.ceil((bytes.length - offset) / 2);
    const got = write(fd, bytes, offset, middle - offset);
    watch({ name: 'writeSync, second half', side: from });
    return got + write(fd, bytes, middle);
  };
}

/** The same for those that write what they are given from where the file stands. */
function halve(prototype: object, name: string): void {
  const call: Call = Reflect.get(prototype, name);
  Reflect.set(prototype, name, async function (this: unknown, data: string | Uint8Array): Promise<void> {
    if (watch === undefined) {
      await call.call(this, data);
      return;
    }
    const from = side.getStore() ?? 'host';
    const bytes = Buffer.from(data);
    const middle = Math.ceil(bytes.length / 2);
    watch({ name, side: from });
    await call.call(this, bytes.subarray(0, middle));
    watch({ name: `${name}, second half`, side: from });
    await call.call(this, bytes.subarray(middle));
  });
}
