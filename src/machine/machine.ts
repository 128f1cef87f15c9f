import type { Progress } from '../bundle/progress.ts';
import type { Connection } from '../channel/connection.ts';

/** What a machine boots. Paths are absolute and their digests have been checked. */
export interface BootImage {
  id: string;
  kernel: string;
  initrd: string;
  root: string;
  /** sha256 of the kernel */
  kernelHash: string;
  /** sha256 of the root disk */
  rootHash: string;
}

/** What a backend with its accelerator can do; callers read this instead of asking which backend it is. */
export interface Capabilities {
  /** the guest's processor is emulated: tools may want gentler settings */
  emulated: boolean;
  /** a tool's disk can be added while the machine runs */
  addDisk: boolean;
  /** why the guest's memory cannot be kept while the machine is stopped; undefined where it can */
  noSuspend: string | undefined;
}

export type MachineState =
  | { state: 'stopped'; reason: string | undefined }
  | { state: 'starting' }
  | { state: 'running'; connection: Connection }
  /** the guest runs but its agent daemon is away; a new connection is being made */
  | { state: 'reconnecting' }
  | { state: 'stopping' };

export interface StartOptions {
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** What a stop should leave behind: the guest as it stands, its disk alone, or nothing worth a gentle end. */
export type StopGoal = 'suspend' | 'shutdown' | 'abandon';

/** How a machine was brought down, for people: the gentlest step that worked. */
export type StopManner = 'suspended' | 'guest shutdown' | 'power button' | 'quit' | 'kill' | 'not running';

/** One guest with its disk, whatever runs it. */
export interface Machine {
  readonly state: MachineState;
  readonly capabilities: Capabilities;
  /** Comes up, or is already up. @throws Fault `qemu-failed`, `boot-timeout`, `guest-unreachable`, … */
  start(options: StartOptions): Promise<Connection>;
  /** A guest that cannot be suspended is shut down. */
  stop(goal: StopGoal): Promise<StopManner>;
  /** Says that a real key is about to enter the guest: its memory is not kept from now on. */
  holdSecret(): Promise<void>;
  /** Makes a read-only disk image appear in the guest at a path. */
  mountApp(name: string, disk: string, path: string): Promise<void>;
}
