import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { release, uptime } from 'node:os';
import type { GuestInfo } from '../channel/messages/guest.ts';

export async function guestInfo(): Promise<GuestInfo> {
  return {
    pid: process.pid,
    uptime: uptime(),
    resident: process.memoryUsage.rss(),
    kernel: release(),
    distribution: /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'unknown',
    system: await systemState(),
    node: process.version,
  };
}

/** Exits non-zero for every state but `running`, with the state on stdout all the same. */
function systemState(): Promise<string> {
  return new Promise((resolve) => {
    execFile('/bin/systemctl', ['is-system-running'], { timeout: 3000 }, (_error, stdout) =>
      resolve(stdout.trim() || 'early'),
    );
  });
}
