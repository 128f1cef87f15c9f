import type { AgentProgram } from '../../bundle/agent-build.ts';
import type { QemuInstall } from '../../bundle/assets/qemu.ts';
import type { goldenNames, machineNames, shippedNames } from '../../bundle/folder.ts';
import type { ChannelStream } from '../../channel/channel-stream.ts';
import type { Connection, Open } from '../../channel/connection.ts';
import type { BootImage } from '../machine.ts';
import type { Held } from './held.ts';
import type { LinkOptions } from './link.ts';
import type { Verdict } from './verdict.ts';

/** What a machine under QEMU is made of. */
export interface GuestParts {
  name: string;
  names: ReturnType<typeof machineNames>;
  sockets: { qmp: string; channel: string };
  /** MiB */
  memory: number;
  cpus: number;
  /** gives way to everything else on the host */
  background?: boolean;
  /** Loaded and checked only when a guest must be started. */
  assets(recordedImage: string | undefined): Promise<{ qemu: QemuInstall; image: BootImage }>;
  agent(): Promise<AgentProgram>;
  accelerator(qemu: QemuInstall, image: BootImage, signal?: AbortSignal): Promise<Verdict>;
  /** an empty layer for machines on an image */
  emptyLayer(image: string): string;
  /** the snapshot new machines of this kind start from; undefined where none is wanted */
  golden(kind: string): ReturnType<typeof goldenNames> | undefined;
  /** the same as it comes with an image, for this kind of guest or another; undefined where none is wanted */
  shipped(image: string, kind: string): ReturnType<typeof shippedNames> | undefined;
  /** answers what the guest opens */
  opened(open: Open, stream: ChannelStream): void;
  /** something a person may want to know: stale files cleaned, a guest lost */
  note(text: string): void;
}

/** What a start reports to the machine it is for. */
export interface ComingUp {
  /** QEMU runs: from here on it is the machine's to end */
  held(held: Held): void;
  /** proves the guest that was held last */
  connect(
    link: Pick<LinkOptions, 'resumed' | 'within'> & {
      socket?: LinkOptions['socket'];
      /** nothing else holds what is in the guest: it is not given up because nobody waits for it any more */
      isLast?: boolean;
    },
  ): Promise<Connection>;
  /** The guest is being renewed; it starts no program before that, so the connection may be used already. Until it is done the guest cannot be saved. */
  renewing(done: Promise<void>): void;
  /** Work no command should have to wait for; it is done before the machine is brought down. */
  later(work: () => Promise<void>): void;
  /** ends a QEMU that did not get there, so that another way can be tried */
  discard(): Promise<void>;
}
