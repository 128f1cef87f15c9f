import { Fault, systemCode } from '../../fault/fault.ts';

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
