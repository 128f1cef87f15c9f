import { readFile } from 'node:fs/promises';
import { identify, type ProcessIdentity } from './process-identity.ts';

/** The process a pid file names, if it still is the program whose command line holds `mark`; pid files outlive their processes. */
export async function processOfPidFile(path: string, mark: string): Promise<ProcessIdentity | undefined> {
  const pid = Number((await readFile(path, 'utf8').catch(() => '')).trim());
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes(mark) ? identify(pid) : undefined;
}
