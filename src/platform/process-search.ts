import { readdir, readFile } from 'node:fs/promises';
import { identify, type ProcessIdentity } from './process-identity.ts';

/** The process a pid file names, if it still is the program whose command line holds `mark`; pid files outlive their processes. */
export async function processOfPidFile(path: string, mark: string): Promise<ProcessIdentity | undefined> {
  const pid = Number((await readFile(path, 'utf8').catch(() => '')).trim());
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes(mark) ? identify(pid) : undefined;
}

/** A process that was started with this argument. Where the system does not list processes, none is found. */
export async function processWithArgument(argument: string): Promise<ProcessIdentity | undefined> {
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue;
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (command.split('\0').includes(argument)) return identify(Number(entry));
  }
  return undefined;
}
