import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus, hostname, userInfo } from 'node:os';

export type HostSystem = 'linux' | 'windows' | 'macos';

/** Which system this host runs. Nothing outside `platform/` asks. */
export function hostSystem(platform: NodeJS.Platform = process.platform): HostSystem {
  if (platform === 'win32') return 'windows';
  return platform === 'darwin' ? 'macos' : 'linux';
}

/** Whether one watcher sees a whole tree of folders; on Linux each folder needs its own. */
export function watchesWholeTrees(system: HostSystem = hostSystem()): boolean {
  return system !== 'linux';
}

/** An identity of this boot of the host: verdicts about hardware hold until it changes. */
export function hostBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

/** Differs from computer to computer as a rule, and always between kinds of processors. */
export function hostFingerprint(): string {
  const parts = [cpus()[0]?.model ?? '', machineId() ?? hostname()];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** Names the user in per-user paths. */
export function userTag(): string {
  const { uid, username } = userInfo();
  return uid >= 0 ? String(uid) : username.replace(/[^\w.-]/g, '_');
}

export function isSuperuser(): boolean {
  return process.getuid?.() === 0;
}

function machineId(): string | undefined {
  try {
    return readFileSync('/etc/machine-id', 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}
