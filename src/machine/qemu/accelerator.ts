import type { HostSystem } from '../../platform/host.ts';

/** How QEMU runs the guest's processor, as one `-accel` value. */
export type Accelerator = 'kvm' | 'hvf' | 'whpx' | 'whpx,kernel-irqchip=off' | 'tcg';

/** What is tried on a host, best first. `tcg` needs no proof beyond the start itself and comes last everywhere (design, decision 3). */
export function candidates(system: HostSystem): Accelerator[] {
  switch (system) {
    case 'linux':
      return ['kvm', 'tcg'];
    case 'macos':
      return ['hvf', 'tcg'];
    case 'windows':
      return ['whpx', 'whpx,kernel-irqchip=off', 'tcg'];
  }
}

export function isEmulated(accelerator: Accelerator): boolean {
  return accelerator === 'tcg';
}

/** The processor shown to the guest. Under WHPX `host` and `max` crash (qemu issues), a plain named model works. */
export function cpuModel(accelerator: Accelerator): string {
  switch (accelerator) {
    case 'kvm':
    case 'hvf':
      return 'host';
    case 'tcg':
      return EMULATED;
    default:
      return 'qemu64';
  }
}

/** Why a guest under this accelerator cannot be saved; undefined where it can. */
export function whyNotSuspend(accelerator: Accelerator): string | undefined {
  return accelerator.startsWith('whpx')
    ? 'QEMU cannot save a guest’s memory under WHPX (it blocks migration)'
    : undefined;
}

/**
 * Everything the emulator knows (SHA-NI makes hashes twice as fast) but what makes the guest choose the slower way: with "fast" string
 * instructions the kernel clears and copies a page byte by byte, 4096 emulated rounds, and with `la57` page tables have a fifth level.
 * Without them fresh memory takes 0.77 × the time, codex 0.82 × and claude 0.90 × (docs/benchmarks.md).
 */
const EMULATED = 'max,-erms,-fsrm,-fsrs,-fzrm,-la57';
