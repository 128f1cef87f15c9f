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

/** The processor shown to the guest. Under WHPX `host` and `max` crash (qemu issues), a plain named model works; under TCG `max` costs nothing measurable and emulates SHA-NI. */
export function cpuModel(accelerator: Accelerator): string {
  switch (accelerator) {
    case 'kvm':
    case 'hvf':
      return 'host';
    case 'tcg':
      return 'max';
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
