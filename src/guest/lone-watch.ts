import { spawn } from 'node:child_process';

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

/** A clean shutdown; without a working systemd the kernel is asked directly, file systems flushed first. */
export function powerOff(): void {
  spawn('/bin/systemctl', ['poweroff'], { stdio: 'ignore' })
    .on('error', force)
    .on('exit', (code) => {
      if (code !== 0) force();
    });
}

function force(): void {
  spawn('/bin/systemctl', ['poweroff', '--force'], { stdio: 'ignore' }).on('error', () => {});
}
