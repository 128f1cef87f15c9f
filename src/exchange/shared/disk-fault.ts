import { Fault, systemCode } from '../../fault/fault.ts';
import type { Reason } from './reason.ts';

/** The error a person should see when the disk below `root` takes no more. */
export function diskFault(root: string, error: unknown): unknown {
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new Fault('disk-full', `no space left for project files in ${root}`, {
        cause: error,
        hint: 'free some space there and run the same command again; nothing was lost',
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new Fault('folder-unwritable', `project files cannot be written in ${root}`, {
        cause: error,
        hint: 'make the folder writable, or use --exchange none',
      });
    default:
      return error;
  }
}

/**
 * Why one path could not be changed.
 * @returns undefined for errors of the disk, not of one path: they end the whole exchange
 */
export function reasonOfError(error: unknown): Reason | undefined {
  const code = systemCode(error);
  if (code === undefined || DISK.includes(code)) return undefined;
  if (isGone(error) || code === 'EEXIST' || code === 'EISDIR') return 'changed';
  if (code === 'ENOTEMPTY') return 'not-empty';
  if (code === 'ENAMETOOLONG') return 'too-long';
  if (code === 'EINVAL' || code === 'EILSEQ') return 'host-name';
  return 'unwritable';
}

/** Somebody removed it, or put something else above it. */
export function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? '');
}

const DISK = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE'];
