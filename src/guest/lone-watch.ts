import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';

/** Milliseconds a guest stays up with no host connected: a machine nobody can find must not run for ever. */
const LONELY = 15 * 60_000;

/** Shuts the guest down when no host has been connected for a long time. */
export class LoneWatch {
  #timer: NodeJS.Timeout | undefined;

  hostArrived(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  hostLeft(): void {
    this.#timer ??= setTimeout(powerOff, LONELY);
  }
}

/** A clean shutdown by the system's own init; where that does not run (yet), the kernel's own way with everything written first. */
export function powerOff(): void {
  spawn('/bin/systemctl', ['poweroff'], { stdio: 'ignore' })
    .on('error', powerOffByKernel)
    .on('exit', (code) => {
      if (code !== 0) powerOffByKernel();
    });
}

/** Magic SysRq: sync, remount read-only, power off (kernel docs, admin-guide/sysrq). */
function powerOffByKernel(): void {
  for (const key of ['s', 'u', 'o']) writeFileSync('/proc/sysrq-trigger', key);
}
