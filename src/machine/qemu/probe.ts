import { execa } from 'execa';

import type { QemuInstall } from '../../bundle/assets/qemu.ts';
import { visible } from '../../fault/visible.ts';
import type { BootImage } from '../machine.ts';
import type { Accelerator } from './accelerator.ts';
import { probeArguments } from './arguments.ts';

/** Milliseconds the guest gets to say that it lives. Real acceleration needs well under one second. */
export const PROBE_WITHIN = 6000;

export type ProbeResult = { works: true; milliseconds: number } | { works: false; reason: string };

/** Starts the real kernel under one accelerator; it works when the guest says so and its clock moves. */
export async function probe(
  accelerator: Accelerator,
  qemu: QemuInstall,
  image: Pick<BootImage, 'kernel' | 'initrd'>,
  signal?: AbortSignal,
): Promise<ProbeResult> {
  const command = qemu.command('qemu-system-x86_64');
  const started = performance.now();
  const result = await execa(
    command.file,
    [...command.args, ...qemu.dataArgs, ...probeArguments(accelerator, image.kernel, image.initrd)],
    {
      env: command.env,
      reject: false,
      timeout: PROBE_WITHIN,
      // A guest that hangs inside the kernel's own virtualisation ignores anything gentler.
      killSignal: 'SIGKILL',
      stdin: 'ignore',
      maxBuffer: 1024 * 1024,
      ...(signal === undefined ? {} : { cancelSignal: signal }),
    },
  );
  signal?.throwIfAborted();
  const milliseconds = Math.round(performance.now() - started);
  if (clockMoved(String(result.stdout))) return { works: true, milliseconds };
  if (result.timedOut)
    return { works: false, reason: `the guest did not come up within ${PROBE_WITHIN / 1000} s` };
  const said = lastLine(String(result.stderr));
  return {
    works: false,
    reason: `QEMU ended with ${result.signal ?? `code ${result.exitCode}`}${said === '' ? '' : `: ${said}`}`,
  };
}

/** The initramfs says `pcoder-probe alive UPTIME` twice. */
function clockMoved(console: string): boolean {
  const times = [...console.matchAll(/pcoder-probe alive ([\d.]+)/g)].map((match) => Number(match[1]));
  return times.length >= 2 && (times[1] ?? 0) > (times[0] ?? 0);
}

function lastLine(text: string): string {
  return visible(text.trim().split('\n').at(-1) ?? '', 300);
}
