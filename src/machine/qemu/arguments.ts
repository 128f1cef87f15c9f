import { type Accelerator, cpuModel, isEmulated } from './accelerator.ts';

/** Everything that decides a machine's QEMU command line. Paths are absolute. */
export interface LaunchPlan {
  name: string;
  accelerator: Accelerator;
  /** MiB */
  memory: number;
  cpus: number;
  start: GuestStart;
  /** the machine's own disk, lowest layer first; the last one is written */
  disks: readonly string[];
  /** the image's root disk under them */
  base: string;
  qmpSocket: string;
  channelSocket: string;
  consoleLog: string;
  pidFile: string;
  /** seccomp, where this QEMU has it */
  sandbox: boolean;
}

export type GuestStart =
  /** `initrd`: the image's, with this start's boot archive behind it */
  | { kind: 'cold'; kernel: string; initrd: string }
  /** QEMU waits for a snapshot's devices; the guest's memory is a part of a file, mapped copy-on-write */
  | { kind: 'resume'; memory: { file: string; offset: number }; apps: readonly PluggedDisk[] };

/** A tool's read-only disk. */
export interface PluggedDisk {
  name: string;
  disk: string;
  target: number;
}

/** QEMU's arguments: no defaults, no network card, no device the product does not use. */
export function qemuArguments(plan: LaunchPlan): string[] {
  return [
    ['-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot'],
    ['-name', `pcoder-${plan.name}`],
    ['-machine', machineType(plan)],
    ['-accel', plan.accelerator === 'tcg' ? 'tcg,thread=multi' : plan.accelerator],
    ['-cpu', cpuModel(plan.accelerator), '-smp', String(plan.cpus), '-m', `${plan.memory}M`],
    ['-rtc', 'base=utc,clock=host'],
    // The firmware need not look for something to boot on the disks: the kernel is given.
    ['-boot', 'strict=on'],
    blockdev({ driver: 'file', filename: plan.base, 'node-name': 'base-file', 'read-only': true }),
    blockdev({ driver: 'qcow2', file: 'base-file', 'node-name': 'base', 'read-only': true, backing: null }),
    ...diskLayers(plan.disks),
    ['-device', 'virtio-blk-pci,drive=root,serial=root'],
    ['-device', 'virtio-scsi-pci,id=apps'],
    ['-device', 'virtio-rng-pci'],
    // Tells the guest's kernel that it is not the only one to go on from a snapshot.
    ['-device', 'vmgenid,guid=auto'],
    ['-chardev', `socket,id=channel,path=${escapeCommas(plan.channelSocket)},server=on,wait=off`],
    ['-device', 'virtio-serial-pci,max_ports=4'],
    ['-device', `virtserialport,chardev=channel,name=pcoder.channel,id=channel0`],
    ['-chardev', `file,id=console,path=${escapeCommas(plan.consoleLog)}`, '-serial', 'chardev:console'],
    [
      '-chardev',
      `socket,id=qmp,path=${escapeCommas(plan.qmpSocket)},server=on,wait=off`,
      '-mon',
      'chardev=qmp,mode=control',
    ],
    ['-pidfile', plan.pidFile],
    plan.sandbox
      ? ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny']
      : [],
    ...startArguments(plan),
  ].flat();
}

/** A tool's disk as QEMU's monitor takes it: the same whether it is plugged in or there from the start. */
export function appDevices({ name, disk, target }: PluggedDisk) {
  const node = `app-${name}`;
  const file = { driver: 'file', filename: disk, 'read-only': true };
  return {
    blockdev: { driver: 'raw', 'node-name': node, 'read-only': true, file },
    device: {
      driver: 'scsi-hd',
      id: `${node}.${target}`,
      bus: 'apps.0',
      'scsi-id': target,
      drive: node,
    },
  };
}

/** QEMU's arguments for the proof of an accelerator: the real kernel, one initramfs, a console, nothing else. */
export function probeArguments(accelerator: Accelerator, kernel: string, initrd: string): string[] {
  return [
    ['-no-user-config', '-nodefaults', '-display', 'none', '-no-reboot', '-machine', 'q35'],
    ['-accel', accelerator, '-cpu', cpuModel(accelerator), '-smp', '1', '-m', '256M'],
    ['-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 quiet panic=-1 pcoder.probe=1'],
    ['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
  ].flat();
}

function machineType({ accelerator, start }: LaunchPlan): string {
  const type = accelerator === 'tcg' ? 'q35,sata=off,smbus=off' : 'q35';
  return start.kind === 'resume' ? `${type},memory-backend=pc.ram` : type;
}

/** Each layer's backing is named here, never taken from its header: the folder may have moved. */
function diskLayers(disks: readonly string[]): string[][] {
  return disks.flatMap((filename, index) => {
    const last = index === disks.length - 1;
    const node = last ? 'root' : `layer${index}`;
    const access = last ? { discard: 'unmap' } : { 'read-only': true };
    const backing = index === 0 ? 'base' : `layer${index - 1}`;
    return [
      blockdev({ driver: 'file', filename, 'node-name': `${node}-file`, ...access }),
      blockdev({ driver: 'qcow2', file: `${node}-file`, 'node-name': node, backing, ...access }),
    ];
  });
}

function startArguments({ accelerator, memory, start }: LaunchPlan): string[][] {
  if (start.kind === 'cold') {
    const append = kernelCommandLine(accelerator);
    return [['-kernel', start.kernel, '-initrd', start.initrd, '-append', append]];
  }
  return [
    ['-S', '-incoming', 'defer'],
    ['-object', mappedMemory(memory, start.memory)],
    ...start.apps.flatMap((app) => {
      const devices = appDevices(app);
      return [blockdev(devices.blockdev), ['-device', JSON.stringify(devices.device)]];
    }),
  ];
}

function mappedMemory(mebibytes: number, { file, offset }: { file: string; offset: number }): string {
  const mapping = `mem-path=${escapeCommas(file)},offset=${offset},share=off,readonly=on,rom=off`;
  return `memory-backend-file,id=pc.ram,size=${mebibytes}M,${mapping}`;
}

function kernelCommandLine(accelerator: Accelerator): string {
  const always = [
    'console=ttyS0',
    'quiet',
    'loglevel=3',
    'panic=-1',
    'random.trust_cpu=on',
    'systemd.show_status=no',
    'systemd.log_level=warning',
  ];
  // Mitigations protect guest processes from each other; under emulation they cost page-table switches and guard nothing (no speculation).
  const emulated = [
    ...['mitigations=off', 'no_timer_check', 'tsc=reliable', 'nowatchdog', 'audit=0'],
    // Every page is cleared for whoever gets it anyway; clearing it once more for the kernel's own use costs 0.1 s and more of a start.
    'init_on_alloc=0',
    // Landlock, which tools confine themselves with, and no policy engine that nobody gives a policy.
    'lsm=landlock,yama',
    // Parsing certificates nothing is checked against, one algorithm's self-test, and measuring how this processor's timing jitters: 0.17 s.
    'initcall_blacklist=load_system_certificate_list,jent_mod_init,crypto_kdf108_init',
  ];
  return [...always, ...(isEmulated(accelerator) ? emulated : [])].join(' ');
}

function blockdev(node: Record<string, unknown>): string[] {
  return ['-blockdev', JSON.stringify(node)];
}

/** In QEMU's key=value lists a comma inside a value is doubled. */
function escapeCommas(value: string): string {
  return value.replaceAll(',', ',,');
}
