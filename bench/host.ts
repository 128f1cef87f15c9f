import { cpus, loadavg, release, totalmem, version } from 'node:os';

/** Everything a figure depends on. */
export interface Host {
  cores: number;
  processor: string;
  /** bytes */
  memory: number;
  kernel: string;
  /** load averages over 1, 5 and 15 minutes before anything was started */
  load: number[];
  qemu: string;
  accelerator: string;
  image: string;
  /** of every guest in the run; memory in MiB */
  guest: { memory: number; cpus: number };
  node: string;
}

/** What the host itself tells. */
export function hostFacts(): Pick<Host, 'cores' | 'processor' | 'memory' | 'kernel' | 'load' | 'node'> {
  const processors = cpus();
  return {
    cores: processors.length,
    processor: processors[0]?.model.trim() || 'unknown processor',
    memory: totalmem(),
    kernel: `${release()} (${version().replace(/^#\d+ /, '')})`,
    load: loadavg(),
    node: process.versions.node,
  };
}
