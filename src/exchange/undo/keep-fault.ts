import { Fault, systemCode } from '../../fault/fault.ts';

/** The error a person should see when what is replaced cannot be kept in `home`; then it is not replaced. */
export function keepFault(home: string, error: unknown): unknown {
  if (!['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '')) return error;
  return new Fault('disk-full', `no space left in ${home} to keep what would be replaced in the project`, {
    cause: error,
    hint: 'free some space there and run the same command again; nothing was lost',
  });
}
