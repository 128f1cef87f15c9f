import type { Progress } from '../../bundle/progress.ts';
import type { Connection } from '../../channel/connection.ts';
import { Fault } from '../../fault/fault.ts';
import { logTail } from '../../platform/log-tail.ts';
import { isRunning } from '../../platform/process-identity.ts';
import type { Capabilities, Machine, MachineState, StartOptions, StopGoal, StopManner } from '../machine.ts';
import { findAdoptable, goOnWith } from './adoption.ts';
import { capabilitiesOf } from './capabilities.ts';
import { DiskRoom } from './disk-room.ts';
import { guestEvents } from './guest-events.ts';
import { type GuestLinkOptions, linkToGuest } from './guest-link.ts';
import type { ComingUp, GuestParts } from './guest-parts.ts';
import { startGuest } from './guest-start.ts';
import { type Held, recordSecret } from './held.ts';
import { removeRunFiles, runFiles } from './left-behind.ts';
import { LeftOver } from './left-over.ts';
import { type MachineRun, recordRest } from './record.ts';
import { ABANDONED, bringDown, STOP_DEADLINES } from './shutdown.ts';
import { suspendGuest } from './suspend.ts';
import { ToolDisks } from './tool-disks.ts';

/** Milliseconds until a daemon that fell, or one whose supervisor fell, must answer again. */
const RETURN_WITHIN = 30_000;

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
  readonly #room: DiskRoom;
  readonly #apps: ToolDisks;
  #renewal: Promise<void> = Promise.resolve();

  constructor(parts: GuestParts) {
    this.#parts = parts;
    this.#room = new DiskRoom(parts);
    this.#apps = new ToolDisks(parts.names.home);
  }

  get state(): MachineState {
    return this.#state;
  }

  get capabilities(): Capabilities {
    return capabilitiesOf(this.#held?.run);
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
    const held = await findAdoptable(this.#parts, runFiles(this.#parts));
    if (held === undefined) return false;
    this.#hold(held);
    try {
      await goOnWith(this.#parts, held, RETURN_WITHIN, () => this.#reconnect());
      this.#parts.note('continued the machine that an earlier supervisor had left running');
      return true;
    } catch (error) {
      this.#note('the machine left running does not answer, so it is ended', error);
      await this.stop('shutdown');
      return false;
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
    const held = await findAdoptable(this.#parts, runFiles(this.#parts));
    if (held === undefined) return;
    this.#hold(held);
    await this.stop('abandon');
  }

  async holdSecret(): Promise<void> {
    if (this.#held !== undefined) await recordSecret(this.#parts.names.record, this.#held);
  }

  mountApp(name: string, disk: string, path: string): Promise<void> {
    return this.#apps.mount(name, disk, path, () => {
      if (this.#held === undefined || this.#state.state !== 'running') throw this.#noMachine('does not run');
      return { qmp: this.#held.qmp, connection: this.#state.connection };
    });
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
      return this.#up(await startGuest(this.#parts, coming, { progress, signal }));
    } catch (error) {
      await this.#end('shutdown');
      this.#state = { state: 'stopped', reason: error instanceof Error ? error.message : String(error) };
      if (!stopped.aborted) throw error;
      throw this.#noMachine('was stopped before it was up');
    }
  }

  /** A guest that was not renewed may not go on: its randomness is another's. */
  #awaitRenewal(done: Promise<void>): void {
    const held = this.#held;
    this.#renewal = done;
    done.catch(async (error: unknown) => {
      // One that has ended takes nothing with it.
      if (this.#held !== held || held === undefined || !isRunning(held.qemu)) return;
      this.#note('the guest could not be renewed', error);
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
      this.#note('could not be suspended and is shut down', error);
      return false;
    }
  }

  #hold(held: Held): void {
    this.#held = held;
    held.qmp.onEvent = guestEvents({
      // QEMU keeps our socket, so we end it and wait for the daemon's return.
      daemonLeft: () => {
        if (this.#state.state === 'running') this.#state.connection.close();
      },
      outOfSpace: () => void this.#room.await(held, () => this.#held === held),
    });
    held.qmp.closed.then(() => this.#qemuEnded(held));
  }

  async #connect(options: GuestLinkOptions): Promise<Connection> {
    if (this.#held === undefined) throw this.#noMachine('does not run');
    return linkToGuest(this.#parts, this.#held, options);
  }

  #up(connection: Connection): Connection {
    this.#state = { state: 'running', connection };
    connection.closed.then(() => this.#lostLink(connection));
    return connection;
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
        this.#note('the agent daemon did not return', error);
        await this.stop('shutdown');
      },
    );
  }

  async #reconnect(): Promise<Connection> {
    return this.#up(await this.#connect({ resumed: true, within: RETURN_WITHIN }));
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
    await recordRest(names.record);
    await removeRunFiles(runFiles(this.#parts));
  }

  #note(what: string, error: unknown): void {
    this.#parts.note(`${what}: ${error instanceof Error ? error.message : error}`);
  }

  #noMachine(what: string): Fault {
    return new Fault('machine-not-running', `machine ${this.#parts.name} ${what}`, { hint: 'pcoder start' });
  }
}
