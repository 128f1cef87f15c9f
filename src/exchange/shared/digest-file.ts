import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  read as readCallback,
  readSync,
  type Stats,
} from 'node:fs';
import { promisify } from 'node:util';
import { systemCode } from '../../fault/fault.ts';
import { NO_FOLLOW } from './folders.ts';

/** What one reading of a file found. */
interface DigestedFile {
  stats: Stats;
  digest: string;
}

/**
 * Opens a file for reading: no link is followed, and a pipe put in its place does not block.
 * @throws the system's error; ENOTSUP when it is no regular file
 */
export function openFile(path: string): { fd: number; stats: Stats } {
  const fd = openSync(path, constants.O_RDONLY | NO_FOLLOW | (constants.O_NONBLOCK ?? 0));
  const stats = fstatSync(fd);
  if (stats.isFile()) return { fd, stats };
  closeSync(fd);
  throw Object.assign(new Error(`${path} is not a regular file`), { code: 'ENOTSUP' });
}

/**
 * SHA-256 of a file, in constant memory.
 * @returns undefined when it changed while it was read
 */
export async function digestFile(path: string): Promise<DigestedFile | undefined> {
  const { fd, stats } = openFile(path);
  try {
    const hash = createHash('sha256');
    const length = await readWhole(fd, stats.size, (piece) => hash.update(piece));
    const after = fstatSync(fd);
    const still =
      length === stats.size &&
      after.size === stats.size &&
      after.mtimeMs === stats.mtimeMs &&
      after.ctimeMs === stats.ctimeMs;
    return still ? { stats, digest: hash.digest('hex') } : undefined;
  } finally {
    closeSync(fd);
  }
}

/** The beginning of a file as text; undefined when it is no regular file or cannot be read. */
export function readText(path: string, most: number): string | undefined {
  try {
    const { fd } = openFile(path);
    try {
      const bytes = Buffer.alloc(most);
      return bytes.toString('utf8', 0, readSync(fd, bytes, 0, most, 0));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

/** @returns how many bytes there were, at most one more than expected */
async function readWhole(fd: number, size: number, use: (piece: Uint8Array) => void): Promise<number> {
  const small = size <= SMALL;
  const buffer = small ? scratch : Buffer.allocUnsafeSlow(PIECE);
  let length = 0;
  while (length <= size) {
    const got = small
      ? readSync(fd, buffer, 0, buffer.length, null)
      : (await read(fd, buffer, 0, buffer.length, null)).bytesRead;
    if (got === 0) break;
    length += got;
    use(buffer.subarray(0, got));
  }
  return length;
}

const read = promisify(readCallback);

/** Below this a synchronous read is over sooner than an asynchronous one is started. */
const SMALL = 256 * 1024;
const PIECE = 1024 * 1024;
// Shared by all calls: a small file is read and hashed without giving way in between.
const scratch = Buffer.allocUnsafeSlow(SMALL + 1);
