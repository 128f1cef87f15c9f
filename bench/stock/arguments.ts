import { type Accelerator, cpuModel } from '../../src/machine/qemu/accelerator.ts';

/** Everything that decides the stock guest's QEMU command line. */
export interface StockLaunch {
  accelerator: Accelerator;
  /** MiB */
  memory: number;
  cpus: number;
  kernel: string;
  initrd: string;
  root: string;
  commandLine: string;
  /** of the host's loopback, leading to the guest's sshd */
  port: number;
  consoleLog: string;
  qmpSocket: string;
  /** what the guest writes is kept; else it goes when QEMU ends */
  keep: boolean;
  /** go on from this snapshot inside the disk */
  load?: string;
}

/**
 * QEMU as people start it for a virtual server: user-mode networking, virtio everywhere, processor and size as the product's machine has
 * them. `-nodefaults` spares it the floppy, the CD drive and the VGA card, in its favour.
 */
export function stockArguments(launch: StockLaunch): string[] {
  const { accelerator } = launch;
  const drive = `if=none,id=root,format=qcow2,snapshot=${launch.keep ? 'off' : 'on'},file=${escapeCommas(launch.root)}`;
  return [
    ['-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot', '-name', 'bench-stock'],
    ['-machine', 'q35', '-accel', accelerator === 'tcg' ? 'tcg,thread=multi' : accelerator],
    ['-cpu', cpuModel(accelerator), '-smp', String(launch.cpus), '-m', `${launch.memory}M`],
    ['-kernel', launch.kernel, '-initrd', launch.initrd, '-append', launch.commandLine],
    ['-drive', drive, '-device', 'virtio-blk-pci,drive=root'],
    [
      '-netdev',
      `user,id=net,hostfwd=tcp:127.0.0.1:${launch.port}-:22`,
      '-device',
      'virtio-net-pci,netdev=net,romfile=',
    ],
    ['-device', 'virtio-rng-pci'],
    launch.load === undefined ? [] : ['-loadvm', launch.load],
    ['-chardev', `file,id=console,path=${escapeCommas(launch.consoleLog)}`, '-serial', 'chardev:console'],
    [
      '-chardev',
      `socket,id=qmp,path=${escapeCommas(launch.qmpSocket)},server=on,wait=off`,
      '-mon',
      'chardev=qmp,mode=control',
    ],
  ].flat();
}

/** In QEMU's key=value lists a comma inside a value is doubled. */
function escapeCommas(value: string): string {
  return value.replaceAll(',', ',,');
}
