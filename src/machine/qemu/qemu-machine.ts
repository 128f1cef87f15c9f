import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Progress } from '../../bundle/progress.ts';
import type { Connection } from '../../channel/connection.ts';
import { MOUNT_APP } from '../../channel/messages/guest.ts';
import { call } from '../../channel/methods.ts';
import { Fault, isFault } from '../../fault/fault.ts';
import { freeSpace } from '../../platform/free-space.ts';
import { logTail } from '../../platform/log-tail.ts';
import { isRunning } from '../../platform/process-identity.ts';
import type { Capabilities, Machine, MachineState, StartOptions, StopGoal, StopManner } from '../machine.ts';
import { isEmulated, whyNotSuspend } from './accelerator.ts';
import { findAdoptable } from './adoption.ts';
import { appName, plugDisk } from './app-disk.ts';
import type { ComingUp, GuestParts } from './guest-parts.ts';
import { startGuest } from './guest-start.ts';
import type { Held } from './held.ts';
import { launchFault } from './launch.ts';
import { type RunFiles, removeRunFiles } from './left-behind.ts';
import { LeftOver } from './left-over.ts';
import { type LinkOptions, openLink } from './link.ts';
import { atRest, type MachineRun, readRecord, writeRecord } from './record.ts';
import { nameIfNeeded, renewAdopted } from './renewal.ts';
import { bringDown, STOP_DEADLINES } from './shutdown.ts';
import { suspendGuest } from './suspend.ts';

/** Bytes that must be free before a guest that ran out of disk goes on. */
const ROOM_TO_GO_ON = 64 * 2 ** 20;
/** Milliseconds until a daemon that fell, or one whose supervisor fell, must answer again. */
const RETURN_WITHIN = 30_000;
/** Times a guest that was found running is asked again for its proof, and milliseconds between two: its daemon looks every 200. */
const PROOFS = 7;
const PROVE_AGAIN = 300;
/** Milliseconds from a broken channel until QEMU's end, if that is what broke it, shows on its control connection. */
const END_SHOWS_WITHIN = 250;

/** A machine under QEMU. One supervisor holds it; QEMU itself outlives its supervisor. */
export class QemuMachine implements Machine {
  readonly #parts: GuestParts;
  #state: MachineState = { state: 'stopped', reason: undefined };
  #held: Held | undefined;
  #starting: Promise<Connection> | undefined;
  #stopping: Promise<StopManner> | undefined;
  readonly #leftOver = new LeftOver((error) => this.#parts.note(`a used snapshot is left: ${error}`));
  /** gives up the start that is under way */
  #giveUp = new AbortController();
  #starved = false;
  #mounting: Promise<void> = Promise.resolve();
  #renewal: Promise<void> = Promise.resolve();

  constructor(parts: GuestParts) {
    this.#parts = parts;
  }

  get state(): MachineState {
    return this.#state;
  }

  get capabilities(): Capabilities {
    const accelerator = this.#held?.run.accelerator ?? 'tcg';
    const noSuspend = this.#held?.run.secret === true ? KEY_INSIDE : whyNotSuspend(accelerator);
    return { emulated: isEmulated(accelerator), addDisk: true, noSuspend };
  }

  /** What runs the guest now, for `status`. */
  get run(): MachineRun | undefined {
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
    const held = await findAdoptable(this.#parts, this.#runFiles);
    if (held === undefined) return false;
    this.#hold(held);
    try {
      const connection = await this.#prove(held);
      if (held.run.start !== 'cold') {
        await renewAdopted(this.#parts.names, held, connection);
        await nameIfNeeded(this.#parts, connection);
      }
      this.#parts.note('continued the machine that an earlier supervisor had left running');
      return true;
    } catch (error) {
      this.#parts.note(
        `the machine left running does not answer (${error instanceof Error ? error.message : error}); ended it`,
      );
      await this.stop('shutdown');
      return false;
    }
  }

  /**
   * Proves a guest that somebody else held before us, with each key it may go by, more than once: it answers what was asked of it last by
   * the one who fell, and that answer fits no question of ours.
   */
  async #prove(held: Held): Promise<Connection> {
    const keys = [held.bootKey, held.otherKey ?? held.bootKey];
    const deadline = Date.now() + RETURN_WITHIN;
    for (let attempt = 0; ; attempt++) {
      held.bootKey = keys[attempt % keys.length] ?? held.bootKey;
      try {
        return await this.#reconnect();
      } catch (error) {
        if (attempt >= PROOFS || Date.now() > deadline || !isRunning(held.qemu)) throw error;
        await sleep(PROVE_AGAIN);
      }
    }
  }

  /** One at a time: a second stop would press the power button of a guest that is being saved. */
  stop(goal: StopGoal, progress: Progress = () => {}): Promise<StopManner> {
    this.#stopping ??= this.#stopOnce(goal, progress).finally(() => {
      this.#stopping = undefined;
    });
    return this.#stopping;
  }

  async #stopOnce(goal: StopGoal, progress: Progress): Promise<StopManner> {
    if (this.#state.state === 'starting') {
      // A guest that goes on from its memory has none any more if it is ended now: such a start is seen through and saved anew.
      this.#giveUp.abort();
      await this.#starting?.catch(() => {});
    }
    return this.#end(goal, progress);
  }

  async #end(goal: StopGoal, progress: Progress = () => {}): Promise<StopManner> {
    await this.#leftOver.finish();
    const held = this.#held;
    if (held === undefined) return 'not running';
    const wasUp = this.#state.state !== 'starting';
    const connection = this.#state.state === 'running' ? this.#state.connection : undefined;
    this.#state = { state: 'stopping' };
    if (goal === 'suspend' && connection !== undefined && (await this.#suspend(held, connection, progress)))
      return 'suspended';
    // A guest that never came up has nothing to save and would not hear the power button.
    const gentle = wasUp ? STOP_DEADLINES : { ...STOP_DEADLINES, powerButton: 0 };
    const manner = await bringDown(
      { qemu: held.qemu, qmp: held.qmp, connection: goal === 'abandon' ? undefined : connection },
      goal === 'abandon' ? ABANDONED : gentle,
    );
    await this.#fell('stopped');
    return manner;
  }

  /** Ends a QEMU that an earlier supervisor left running, instead of continuing it. */
  async abandonLeft(): Promise<void> {
    const held = await findAdoptable(this.#parts, this.#runFiles);
    if (held === undefined) return;
    this.#hold(held);
    await this.stop('abandon');
  }

  async holdSecret(): Promise<void> {
    const held = this.#held;
    if (held === undefined || held.run.secret === true) return;
    held.run = { ...held.run, secret: true };
    const { record } = this.#parts.names;
    const recorded = await readRecord(record);
    if (recorded !== undefined) await writeRecord(record, { ...recorded, run: held.run });
  }

  mountApp(name: string, disk: string, path: string): Promise<void> {
    // Two sessions of one tool must not plug its disk in twice.
    const mine = this.#mounting.catch(() => {}).then(() => this.#mountApp(name, disk, path));
    this.#mounting = mine;
    return mine;
  }

  async #mountApp(tool: string, disk: string, path: string): Promise<void> {
    const held = this.#held;
    if (held === undefined || this.#state.state !== 'running')
      throw new Fault('machine-not-running', `machine ${this.#parts.name} does not run`, {
        hint: 'pcoder start',
      });
    const name = appName(tool, relative(this.#parts.names.home, disk));
    const target = await plugDisk(held.qmp, name, disk);
    await call(this.#state.connection, MOUNT_APP, { target, path }, z.unknown());
  }

  async #bringUp({ progress, signal: left }: StartOptions): Promise<Connection> {
    // A command may come while the machine is on its way down.
    await this.#stopping?.catch(() => {});
    this.#state = { state: 'starting' };
    this.#renewal = Promise.resolve();
    this.#giveUp = new AbortController();
    const { signal: stopped } = this.#giveUp;
    const signal = left === undefined ? stopped : AbortSignal.any([left, stopped]);
    const coming: ComingUp = {
      held: (held) => this.#hold(held),
      connect: ({ isLast, ...link }) => this.#connect({ ...link, signal: isLast ? undefined : signal }),
      later: (work) => this.#leftOver.add(work),
      renewing: (done) => this.#awaitRenewal(done),
      discard: async () => {
        if (this.#held !== undefined)
          await bringDown({ qemu: this.#held.qemu, qmp: this.#held.qmp, connection: undefined }, ABANDONED);
        await this.#fell('the attempt before');
        this.#state = { state: 'starting' };
      },
    };
    try {
      const connection = await startGuest(this.#parts, coming, { progress, signal });
      this.#state = { state: 'running', connection };
      connection.closed.then(() => this.#lostLink(connection));
      return connection;
    } catch (error) {
      await this.#end('shutdown');
      this.#state = { state: 'stopped', reason: error instanceof Error ? error.message : String(error) };
      if (!stopped.aborted) throw error;
      throw new Fault('machine-not-running', `machine ${this.#parts.name} was stopped before it was up`, {
        hint: 'pcoder start',
      });
    }
  }

  /** A guest that was not renewed may not go on: its randomness is another's. */
  #awaitRenewal(done: Promise<void>): void {
    const held = this.#held;
    this.#renewal = done;
    done.catch(async (error: unknown) => {
      // One that has ended takes nothing with it.
      if (this.#held !== held || held === undefined || !isRunning(held.qemu)) return;
      this.#parts.note(`the guest could not be renewed: ${error instanceof Error ? error.message : error}`);
      await this.stop('shutdown');
    });
  }

  async #suspend(held: Held, connection: Connection, progress: Progress): Promise<boolean> {
    const why = this.capabilities.noSuspend;
    if (why !== undefined) {
      this.#parts.note(`not suspended but shut down: ${why}`);
      return false;
    }
    try {
      await this.#renewal;
      await suspendGuest(this.#parts.names, held, connection, progress);
      await this.#fell('suspended');
      return true;
    } catch (error) {
      this.#parts.note(
        `could not be suspended and is shut down: ${error instanceof Error ? error.message : error}`,
      );
      return false;
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

  async #connect(
    options: Pick<LinkOptions, 'resumed' | 'within'> & {
      socket?: LinkOptions['socket'];
      signal?: AbortSignal | undefined;
    },
  ): Promise<Connection> {
    const held = this.#held;
    if (held === undefined)
      throw new Fault('machine-not-running', `machine ${this.#parts.name} does not run`);
    const link = openLink({
      socket: options.socket ?? this.#parts.sockets.channel,
      bootKey: held.bootKey,
      within: options.within,
      resumed: options.resumed,
      opened: this.#parts.opened,
    });
    link.catch(() => {});
    return Promise.race([link, this.#ended(held), aborted(options.signal)]).catch(async (error: unknown) => {
      // QEMU's end shows first as a broken channel; its last thread may take a moment.
      const isBroken = isFault(error, 'guest-unreachable');
      if (isBroken) await Promise.race([held.qmp.closed, sleep(END_SHOWS_WITHIN)]);
      if (!isRunning(held.qemu) || (isBroken && held.qmp.isClosed)) return this.#ended(held);
      if (error instanceof Fault && error.code === 'guest-unreachable') throw await this.#bootFault(error);
      throw error;
    });
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
    this.#starting = this.#reconnect().finally(() => {
      this.#starting = undefined;
    });
    this.#starting.then(
      () => this.#parts.note('the agent daemon is back'),
      async (error: unknown) => {
        this.#parts.note(
          `the agent daemon did not return: ${error instanceof Error ? error.message : error}`,
        );
        await this.stop('shutdown');
      },
    );
  }

  async #reconnect(): Promise<Connection> {
    const connection = await this.#connect({ resumed: true, within: RETURN_WITHIN });
    this.#state = { state: 'running', connection };
    connection.closed.then(() => this.#lostLink(connection));
    return connection;
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
    if (record?.run !== undefined) await writeRecord(names.record, atRest(record));
    await removeRunFiles(this.#runFiles);
  }

  get #runFiles(): RunFiles {
    const { names, sockets } = this.#parts;
    const others = [names.qemuPid, names.bootKey, names.bootArchive, sockets.qmp, sockets.channel];
    return { record: names.record, others };
  }
}

const KEY_INSIDE = 'a provider’s key has been in the guest, and its memory would become a file';

/** A guest whose start is given up has nothing to save. */
const ABANDONED = { guest: 0, powerButton: 0, quit: 2000 };

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const giveUp = () => reject(new Fault('interrupted', 'interrupted'));
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp, { once: true });
  });
}
