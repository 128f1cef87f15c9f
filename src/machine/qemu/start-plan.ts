import type { AgentProgram } from '../../bundle/agent-build.ts';
import type { QemuInstall } from '../../bundle/assets/qemu.ts';
import { hostSystem } from '../../platform/host.ts';
import type { BootImage } from '../machine.ts';
import { cpuModel } from './accelerator.ts';
import { type LaunchPlan, qemuArguments } from './arguments.ts';
import { bootArchive } from './boot-archive.ts';
import { type SnapshotKey, sha256 } from './snapshot/snapshot-key.ts';
import type { Verdict } from './verdict.ts';

/** Everything one start needs to know, however the guest then comes up. */
export interface StartPlan {
  qemu: QemuInstall;
  image: BootImage;
  agent: AgentProgram;
  verdict: Verdict;
  /** what a snapshot must have been taken with to fit */
  key: SnapshotKey;
  launch: Omit<LaunchPlan, 'start' | 'disks'>;
}

export interface PlanParts {
  qemu: QemuInstall;
  image: BootImage;
  agent: AgentProgram;
  verdict: Verdict;
  name: string;
  /** MiB */
  memory: number;
  cpus: number;
  sockets: { qmp: string; channel: string };
  names: { consoleLog: string; qemuPid: string };
}

export function planStart(parts: PlanParts): StartPlan {
  const { qemu, image, agent, verdict, name, memory, cpus, sockets, names } = parts;
  const { accelerator } = verdict;
  const size = { accelerator, memory, cpus, sandbox: hostSystem() === 'linux' };
  return {
    qemu,
    image,
    agent,
    verdict,
    key: snapshotKey({ qemu, image, agent, size }),
    launch: {
      ...size,
      name,
      base: image.root,
      qmpSocket: sockets.qmp,
      channelSocket: sockets.channel,
      consoleLog: names.consoleLog,
      pidFile: names.qemuPid,
    },
  };
}

export interface KeyParts {
  qemu: Pick<QemuInstall, 'qemuHash'>;
  image: Pick<BootImage, 'id' | 'kernelHash' | 'rootHash'>;
  agent: Pick<AgentProgram, 'module'>;
  size: Pick<LaunchPlan, 'accelerator' | 'memory' | 'cpus' | 'sandbox'>;
}

/** What a snapshot of a guest with these depends on. */
export function snapshotKey({ qemu, image, agent, size }: KeyParts): SnapshotKey {
  const { accelerator, memory, cpus } = size;
  return {
    format: 1,
    qemu: qemu.qemuHash,
    accelerator,
    cpu: cpuModel(accelerator),
    memory,
    cpus,
    image: image.id,
    kernel: image.kernelHash,
    root: image.rootHash,
    agent: sha256(
      bootArchive({ agent: agent.module, bootKey: new Uint8Array(0), sshHostKey: '', sshAuthorizedKey: '' }),
    ),
    arguments: sha256(JSON.stringify(qemuArguments({ ...size, memory: 0, cpus: 0, ...PLACES }))),
  };
}

/** In place of what differs from machine to machine and does not matter. */
const PLACES = {
  name: '',
  start: { kind: 'cold', kernel: '', initrd: '' },
  disks: [''],
  base: '',
  qmpSocket: '',
  channelSocket: '',
  consoleLog: '',
  pidFile: '',
} as const;
