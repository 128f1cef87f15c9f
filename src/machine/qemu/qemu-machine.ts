import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { AgentProgram } from '../../bundle/agent-build.ts';
import type { QemuInstall } from '../../bundle/assets/qemu.ts';
import type { machineNames } from '../../bundle/folder.ts';
import type { ChannelStream } from '../../channel/channel-stream.ts';
import type { Connection, Open } from '../../channel/connection.ts';
import { MOUNT_APP } from '../../channel/messages/guest.ts';
import { call } from '../../channel/methods.ts';
import { Fault } from '../../fault/fault.ts';
import { freeSpace } from '../../platform/free-space.ts';
import { hostBootId, hostSystem } from '../../platform/host.ts';
import { logTail } from '../../platform/log-tail.ts';
import { isRunning, type ProcessIdentity } from '../../platform/process-identity.ts';
import type { BootImage, Capabilities, Machine, MachineState, StartOptions, StopManner } from '../machine.ts';
import { isEmulated } from './accelerator.ts';
import { plugDisk } from './app-disk.ts';
import { writeBootInitrd } from './boot-initrd.ts';
import { ensureOverlay, LEAST_FREE } from './disk.ts';
import { newBootKey, readBootKey } from './keys.ts';
import { launchFault, launchQemu } from './launch.ts';
import { cleanStale, findLeftQemu, type RunFiles, removeRunFiles } from './left-behind.ts';
import { openLink } from './link.ts';
import { QmpClient } from './qmp.ts';
import { type MachineRecord, readRecord, writeRecord } from './record.ts';
import { bringDown, STOP_DEADLINES } from './shutdown.ts';
import type { Verdict } from './verdict.ts';

export interface QemuMachineParts {
  name: string;
  names: ReturnType<typeof machineNames>;
  /** where the machine's sockets are */
  sockets: string;
  /** MiB */
  memory: number;
  cpus: number;
  /** Loaded and checked only when a guest must be started. */
  assets(recordedImage: string | undefined): Promise<{ qemu: QemuInstall; image: BootImage }>;
  agent(): Promise<AgentProgram>;
  accelerator(qemu: QemuInstall, image: BootImage, signal?: AbortSignal): Promise<Verdict>;
  /** answers what the guest opens */
  opened(open: Open, stream: ChannelStream): void;
  /** something a person may want to know: stale files cleaned, a guest lost */
  note(text: string): void;
}

/** A running QEMU and what we hold of it. */
interface Held {
  qemu: ProcessIdentity;
  qmp: QmpClient;
  bootKey: Uint8Array;
  run: NonNullable<MachineRecord['run']>;
}

/** Bytes that must be free before a guest that ran out of disk goes on. */
const ROOM_TO_GO_ON = 64 * 2 ** 20;
/** Milliseconds a cold boot may take until the agent daemon answers. Ten times what a slow emulated start was measured to need. */
const BOOT_WITHIN = 120_000;
/** Milliseconds until a daemon that fell, or one whose supervisor fell, must answer again. */
const RETURN_WITHIN = 30_000;

/** A machine under QEMU. One supervisor holds it; QEMU itself outlives its supervisor. */
export class QemuMachine implements Machine {
  readonly #parts: QemuMachineParts;
  #state: MachineState = { state: 'stopped', reason: undefined };
  #held: Held | undefined;
  #starting: Promise<Connection> | undefined;
  #starved = false;
  #mounting: Promise<void> = Promise.resolve();

  constructor(parts: QemuMachineParts) {
    this.#parts = parts;
  }

  get state(): MachineState {
    return this.#state;
  }

  get capabilities(): Capabilities {
    return { emulated: isEmulated(this.#held?.run.accelerator ?? 'tcg'), addDisk: true };
  }

  /** What runs the guest now, for `status`. */
  get run(): MachineRecord['run'] {
    return this.#held?.run;
  }

  start(options: StartOptions): Promise<Connection> {
    if (this.#state.state === 'running') return Promise.resolve(this.#state.connection);
    this.#starting ??= this.#bringUp(options).finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /** Finds a QEMU that an earlier supervisor left running and continues it, or cleans up what is left of it. True when a guest runs now. */
  async adopt(): Promise<boolean> {
    const { names } = this.#parts;
    const record = await readRecord(names.record);
    const left = await findLeftQemu(record, names.qemuPid);
    if (left === undefined) {
      await cleanStale(record, this.#runFiles, this.#parts.note);
      return false;
    }
    const qmp = await QmpClient.connect(this.#qmpSocket).catch(() => undefined);
    const bootKey = await readBootKey(names.bootKey);
    if (qmp === undefined || bootKey === undefined || record?.run === undefined) {
      this.#parts.note(`a QEMU without its control files was left running (process ${left.pid}); ended it`);
      await bringDown({ qemu: left, qmp, connection: undefined });
      await cleanStale(record, this.#runFiles, this.#parts.note);
      return false;
    }
    this.#hold({ qemu: left, qmp, bootKey, run: record.run });
    try {
      await this.#connect({ resumed: true, within: RETURN_WITHIN });
      this.#parts.note('continued the machine that an earlier supervisor had left running');
      return true;
    } catch (error) {
      this.#parts.note(
        `the machine left running does not answer (${error instanceof Error ? error.message : error}); ended it`,
      );
      await this.stop();
      return false;
    }
  }

  async stop(): Promise<StopManner> {
    const held = this.#held;
    if (held === undefined) return 'not running';
    const wasUp = this.#state.state !== 'starting';
    const connection = this.#state.state === 'running' ? this.#state.connection : undefined;
    this.#state = { state: 'stopping' };
    // A guest that never came up has nothing to save and would not hear the power button.
    const deadlines = wasUp ? STOP_DEADLINES : { ...STOP_DEADLINES, powerButton: 0 };
    const manner = await bringDown({ qemu: held.qemu, qmp: held.qmp, connection }, deadlines);
    await this.#fell('stopped');
    return manner;
  }

  mountApp(name: string, disk: string, path: string): Promise<void> {
    // Two sessions of one tool must not plug its disk in twice.
    const mine = this.#mounting.catch(() => {}).then(() => this.#mountApp(name, disk, path));
    this.#mounting = mine;
    return mine;
  }

  async #mountApp(name: string, disk: string, path: string): Promise<void> {
    const held = this.#held;
    if (held === undefined || this.#state.state !== 'running')
      throw new Fault('machine-not-running', `machine ${this.#parts.name} does not run`, {
        hint: 'pcoder start',
      });
    const target = await plugDisk(held.qmp, name, disk);
    await call(this.#state.connection, MOUNT_APP, { target, path }, z.unknown());
  }

  async #bringUp({ progress, signal }: StartOptions): Promise<Connection> {
    const { names, name } = this.#parts;
    this.#state = { state: 'starting' };
    try {
      const record = await readRecord(names.record);
      const { qemu, image } = await this.#parts.assets(record?.image);
      if ((await freeSpace(names.home)) < LEAST_FREE) {
        throw new Fault(
          'disk-full',
          `less than ${LEAST_FREE / 2 ** 20} MiB are free for the machine's disk in ${names.home}`,
          { hint: 'free some space on that disk and try again' },
        );
      }
      const verdict = await this.#parts.accelerator(qemu, image, signal);
      signal?.throwIfAborted();
      progress({ type: 'step', step: `starting machine ${name} (${verdict.accelerator})` });
      await ensureOverlay(qemu, names.overlay, image.root);
      const bootKey = await newBootKey(names.bootKey);
      await writeBootInitrd(names, image, bootKey, await this.#parts.agent());
      await writeRecord(names.record, { version: 1, image: image.id });
      const { identity, qmp } = await launchQemu(
        {
          name,
          accelerator: verdict.accelerator,
          memory: this.#parts.memory,
          cpus: this.#parts.cpus,
          kernel: image.kernel,
          initrd: names.bootArchive,
          overlay: names.overlay,
          base: image.root,
          qmpSocket: this.#qmpSocket,
          channelSocket: this.#channelSocket,
          consoleLog: names.consoleLog,
          pidFile: names.qemuPid,
          sandbox: hostSystem() === 'linux',
        },
        qemu,
        names.qemuLog,
      );
      const run = {
        pid: identity.pid,
        ...(identity.started === undefined ? {} : { started: identity.started }),
        hostBoot: hostBootId(),
        accelerator: verdict.accelerator,
        reason: verdict.reason,
        since: new Date().toISOString(),
      };
      this.#hold({ qemu: identity, qmp, bootKey, run });
      await writeRecord(names.record, { version: 1, image: image.id, run });
      const connection = await this.#connect({ resumed: false, within: BOOT_WITHIN, signal });
      // The guest has read it: the keys in it need not stay on the disk.
      await rm(names.bootArchive, { force: true });
      progress({ type: 'done', step: `machine ${name} is up` });
      return connection;
    } catch (error) {
      await this.stop();
      this.#state = { state: 'stopped', reason: error instanceof Error ? error.message : String(error) };
      throw error;
    }
  }

  #hold(held: Held): void {
    this.#held = held;
    held.qmp.onEvent = ({ name, data }) => {
      // The agent daemon has gone; QEMU keeps our socket, so we end it and wait for the daemon's return.
      if (
        name === 'VSERPORT_CHANGE' &&
        data['id'] === 'channel0' &&
        data['open'] === false &&
        this.#state.state === 'running'
      )
        this.#state.connection.close();
      if (name === 'BLOCK_IO_ERROR' && data['nospace'] === true) this.#waitForSpace(held);
    };
    held.qmp.closed.then(() => this.#qemuEnded(held));
  }

  /** QEMU has paused the guest instead of failing its write: nothing is lost, it goes on when there is room. */
  async #waitForSpace(held: Held): Promise<void> {
    if (this.#starved) return;
    this.#starved = true;
    this.#parts.note(
      `the disk that holds ${this.#parts.names.home} is full: the guest is paused and goes on by itself when there is room`,
    );
    while (this.#held === held && (await freeSpace(this.#parts.names.home).catch(() => 0)) < ROOM_TO_GO_ON)
      await sleep(1000);
    this.#starved = false;
    if (this.#held !== held) return;
    await held.qmp.execute('cont').catch(() => {});
    this.#parts.note('there is room again: the guest goes on');
  }

  async #connect(options: {
    resumed: boolean;
    within: number;
    signal?: AbortSignal | undefined;
  }): Promise<Connection> {
    const held = this.#held;
    if (held === undefined)
      throw new Fault('machine-not-running', `machine ${this.#parts.name} does not run`);
    const link = openLink({
      socket: this.#channelSocket,
      bootKey: held.bootKey,
      within: options.within,
      resumed: options.resumed,
      opened: this.#parts.opened,
    });
    link.catch(() => {});
    const connection = await Promise.race([link, this.#ended(held), aborted(options.signal)]).catch(
      async (error: unknown) => {
        // QEMU's end shows first as a broken channel.
        if (!isRunning(held.qemu)) return this.#ended(held);
        if (error instanceof Fault && error.code === 'guest-unreachable') throw await this.#bootFault(error);
        throw error;
      },
    );
    this.#state = { state: 'running', connection };
    connection.closed.then(() => this.#lostLink(connection));
    return connection;
  }

  async #bootFault(cause: Fault): Promise<Fault> {
    const console = await logTail(this.#parts.names.consoleLog, 6);
    return new Fault('boot-timeout', `the guest of machine ${this.#parts.name} did not come up`, {
      cause: console === '' ? cause : new Error(`the guest's console said: ${console}`, { cause }),
      hint: 'pcoder logs shows the whole console; pcoder doctor checks the image',
    });
  }

  /** Rejects when QEMU ends. */
  async #ended(held: Held): Promise<never> {
    await held.qmp.closed;
    const console = await logTail(this.#parts.names.consoleLog, 4);
    throw await launchFault(
      `QEMU ended before the guest was up${console === '' ? '' : `; its console ended with: ${console}`}`,
      this.#parts.names.qemuLog,
    );
  }

  #lostLink(connection: Connection): void {
    if (this.#state.state !== 'running' || this.#state.connection !== connection || this.#held === undefined)
      return;
    this.#state = { state: 'reconnecting' };
    this.#parts.note('the agent daemon in the guest went away; waiting for its return');
    this.#starting = this.#connect({ resumed: true, within: RETURN_WITHIN }).finally(() => {
      this.#starting = undefined;
    });
    this.#starting.then(
      () => this.#parts.note('the agent daemon is back'),
      async (error: unknown) => {
        this.#parts.note(
          `the agent daemon did not return: ${error instanceof Error ? error.message : error}`,
        );
        await this.stop();
      },
    );
  }

  async #qemuEnded(held: Held): Promise<void> {
    if (this.#held !== held || this.#state.state === 'stopping') return;
    if (isRunning(held.qemu)) {
      // The control connection is lost while QEMU lives: nobody could stop it any more.
      await bringDown({ qemu: held.qemu, qmp: undefined, connection: undefined });
    }
    const said = await logTail(this.#parts.names.qemuLog, 3);
    await this.#fell(said === '' ? 'QEMU ended' : `QEMU ended: ${said}`);
  }

  async #fell(reason: string): Promise<void> {
    const { names } = this.#parts;
    if (this.#state.state === 'running') this.#state.connection.close();
    this.#held?.qmp.close();
    this.#held = undefined;
    this.#state = { state: 'stopped', reason };
    const record = await readRecord(names.record).catch(() => undefined);
    if (record !== undefined) await writeRecord(names.record, { version: 1, image: record.image });
    await removeRunFiles(this.#runFiles);
  }

  get #runFiles(): RunFiles {
    const { record, qemuPid, bootKey, bootArchive } = this.#parts.names;
    return { record, others: [qemuPid, bootKey, bootArchive, this.#qmpSocket, this.#channelSocket] };
  }

  get #qmpSocket(): string {
    return join(this.#parts.sockets, 'qmp.sock');
  }

  get #channelSocket(): string {
    return join(this.#parts.sockets, 'channel.sock');
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new Fault('interrupted', 'interrupted')), { once: true });
  });
}
