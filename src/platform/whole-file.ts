import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Fault, systemCode } from '../fault/fault.ts';

export interface WholeFileOptions {
  /** permission bits, default 0o644 */
  mode?: number;
}

/**
 * Writes a file so that a reader sees the old content or the new one, also after a power cut: temporary file beside it,
 * fsync, rename, fsync of the folder.
 * @throws Fault `disk-full`, `folder-unwritable`
 */
export async function writeWhole(
  path: string,
  content: string | Uint8Array,
  options: WholeFileOptions = {},
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${unusedSuffix()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, 'wx', options.mode ?? 0o644);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeFault(path, error);
  }
}

let written = 0;

/** Ours alone while this process lives; `wx` refuses what a former one with our id left. */
function unusedSuffix(): string {
  return `${process.pid}-${Date.now().toString(36)}-${written++}`;
}

/** Makes a rename in this folder durable. A no-op where a folder cannot be opened (Windows). */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL'].includes(systemCode(error) ?? '')) throw error;
  }
}

/** The error a person should see when a write to `path` failed. */
export function writeFault(path: string, error: unknown): unknown {
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new Fault('disk-full', `no space left to write ${path}`, {
        cause: error,
        hint: 'free some space on that disk and run the same command again; nothing was lost',
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
      return new Fault('folder-unwritable', `${path} cannot be written`, {
        cause: error,
        hint: 'copy the folder to a place you may write to, or set PCODER_STATE to a writable folder',
      });
    default:
      return error;
  }
}
