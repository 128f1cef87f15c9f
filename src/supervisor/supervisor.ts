import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { loadApp } from '../bundle/assets/app.ts';
import { pinOf } from '../bundle/assets/app-pins.ts';
import { type Folder, goldenNames, machineNames, shippedNames } from '../bundle/folder.ts';
import { DEFAULT_IDLE, parseIdle } from '../bundle/idle-limit.ts';
import type { Progress } from '../bundle/progress.ts';
import { machineSize, readSettings, type Settings } from '../bundle/settings.ts';
import type { ChannelStream } from '../channel/channel-stream.ts';
import type { Connection } from '../channel/connection.ts';
import { EGRESS, EgressRequest } from '../channel/messages/egress.ts';
import { END_PROGRAMS } from '../channel/messages/renewal.ts';
import { call, conversation, serve } from '../channel/methods.ts';
import { EgressGate } from '../egress/gate.ts';
import { refuseUnsuitableRoot } from '../exchange/project-root.ts';
import { Fault } from '../fault/fault.ts';
import type { Machine, StopGoal } from '../machine/machine.ts';
import { QemuMachine } from '../machine/qemu/qemu-machine.ts';
import { CommandFace } from '../session/command-face.ts';
import { holdRules } from '../session/hold-rules.ts';
import { type ProjectLink, Projects } from '../session/projects.ts';
import type { SessionRecord } from '../session/record.ts';
import type { SessionRequest } from '../session/request.ts';
import { runSession } from '../session/run-session.ts';
import type { ToolSupplies } from '../session/tool-launch.ts';
import { Turns } from '../session/turns.ts';
import { loadProfile } from '../tools/profiles.ts';
import type { ScriptedModel } from '../tools/scripted-model/server.ts';
import { ClockKeeper } from './clock-keeper.ts';
import { GoldenMaker } from './golden-maker.ts';
import { IdleWatch } from './idle-watch.ts';
import type { Journal } from './journal.ts';
import { machineParts } from './machine-parts.ts';
import { openSshListener, type SshListener } from './ssh-listener.ts';
import { StartQueue } from './start-queue.ts';

/** Milliseconds from the hang-up until every program of a session has ended; the daemon kills after 2 s. */
const PROGRAMS_END_WITHIN = 10_000;
/** Milliseconds their results may take to come home before the machine is brought down all the same; they are on its disk. */
const RESULTS_WITHIN = 60_000;

/** Everything one machine has on the host, wired together: the machine, its way out, its sessions, its ssh port. */
export class Supervisor {
  readonly folder: Folder;
  readonly machineName: string;
  readonly journal: Journal;
  readonly machine: QemuMachine;
  readonly sessions = new Map<string, SessionRecord>();
  readonly #gate = new EgressGate();
  readonly #projects: Projects;
  readonly #queue: StartQueue;
  readonly #faces = new Set<CommandFace>();
  #scripted: Promise<ScriptedModel> | undefined;
  #ssh: Promise<SshListener> | undefined;
  readonly #golden: GoldenMaker;
  readonly idle: IdleWatch;
  readonly #clock = new ClockKeeper();
  readonly #wantsGolden: boolean;

  private constructor(
    folder: Folder,
    machineName: string,
    journal: Journal,
    settings: Settings,
    sockets: string,
    unused: () => void,
  ) {
    const size = machineSize(settings);
    this.idle = new IdleWatch(parseIdle(settings.idle ?? DEFAULT_IDLE), unused);
    this.folder = folder;
    this.machineName = machineName;
    this.journal = journal;
    const common = machineParts(folder, size);
    this.#wantsGolden = settings.golden ?? true;
    this.machine = new QemuMachine({
      ...common,
      name: machineName,
      names: machineNames(folder, machineName),
      sockets: { qmp: join(sockets, 'qmp.sock'), channel: join(sockets, 'channel.sock') },
      golden: (kind) => goldenNames(folder, kind),
      shipped: (image, kind) => (this.#wantsGolden ? shippedNames(folder, image, kind) : undefined),
      opened: (open, stream) => this.#guestOpened(open, stream),
      note: (text) => this.#note(text),
    });
    this.#golden = new GoldenMaker(
      folder,
      { ...common, note: (text) => journal.debug(`golden: ${text}`) },
      (text) => journal.debug(text),
    );
    this.#projects = new Projects({
      folder,
      machineName,
      turns: new Turns(),
      rules: holdRules({ ...settings.exchange, quarantine: settings.quarantine }),
    });
    this.#queue = new StartQueue(this.machine);
  }

  /** @param unused called when nobody has used the machine for as long as its idle limit says */
  static async create(
    folder: Folder,
    machineName: string,
    sockets: string,
    journal: Journal,
    unused: () => void,
  ): Promise<Supervisor> {
    return new Supervisor(folder, machineName, journal, await readSettings(folder), sockets, unused);
  }

  /** Continues or cleans up what an earlier supervisor left. */
  async adopt(): Promise<void> {
    if (await this.machine.adopt()) this.#changed();
    this.#golden.clearLeft().catch((error: unknown) => this.journal.debug(`golden: ${error}`));
  }

  async up(progress: Progress, signal: AbortSignal): Promise<Connection> {
    const release = this.idle.hold();
    const connection = await this.#queue.up(progress, signal).finally(release);
    this.ssh().catch((error: unknown) =>
      this.#note(`no ssh: ${error instanceof Error ? error.message : error}`),
    );
    this.#changed();
    return connection;
  }

  async session(request: SessionRequest, stream: ChannelStream): Promise<void> {
    const tools: ToolSupplies = {
      profile: (name) => loadProfile(this.folder, name),
      appDisk: async (tool) => (await loadApp(this.folder, tool.name, pinOf(tool.name))).disk,
      scriptedPort: async () => (await this.#model()).port,
    };
    const face = new CommandFace(stream);
    if (request.idle !== undefined) this.idle.limit = request.idle;
    const release = this.idle.hold();
    this.#faces.add(face);
    let id: string | undefined;
    const watch = (record: SessionRecord) => {
      id = record.id;
      this.sessions.set(record.id, record);
      this.#changed();
    };
    const { folder, machineName } = this;
    const machine: Machine = this.machine;
    const up = (progress: Progress, signal: AbortSignal) => this.up(progress, signal);
    try {
      await runSession(
        {
          folder,
          machineName,
          machine,
          up,
          gate: this.#gate,
          tools,
          projects: this.#projects,

          watch,
        },
        request,
        face,
      );
    } finally {
      this.#faces.delete(face);
      release();
      if (id !== undefined) this.sessions.delete(id);
      this.#changed();
    }
  }

  /** Does something with a project and its copy in the guest, which is brought up for it. */
  async withProject<T>(
    project: string,
    progress: Progress,
    signal: AbortSignal,
    work: (link: ProjectLink) => Promise<T>,
  ): Promise<T> {
    const root = await refuseUnsuitableRoot(project, { home: homedir(), portable: this.folder.root });
    const release = this.idle.hold();
    try {
      return await work(this.#projects.link(await this.up(progress, signal), root));
    } finally {
      release();
    }
  }

  /** The ssh port of the running machine, opened on first use. */
  ssh(): Promise<SshListener> {
    this.#ssh ??= openSshListener(
      machineNames(this.folder, this.machineName),
      this.machineName,
      () => (this.machine.state.state === 'running' ? this.machine.state.connection : undefined),
      () => this.idle.hold(),
    ).catch((error: unknown) => {
      this.#ssh = undefined;
      throw error;
    });
    return this.#ssh;
  }

  /** Lets a machine that is on its way down get there. @throws Fault `machine-busy` while somebody uses the machine */
  async requireIdle(): Promise<void> {
    while (this.machine.state.state === 'stopping') await sleep(20);
    const { state } = this.machine.state;
    const sessions = this.sessions.size;
    if (sessions === 0 && (state === 'running' || state === 'stopped')) return;
    const what = sessions > 0 ? `has ${sessions} running session${sessions > 1 ? 's' : ''}` : `is ${state}`;
    throw new Fault('machine-busy', `machine ${this.machineName} ${what}`, {
      hint: `wait until it is done, or pcoder stop ${this.machineName}: that ends its programs and brings their results back`,
    });
  }

  /** Ends the programs of all sessions, waits for their results and brings the machine down. */
  async stop(goal: StopGoal): Promise<string> {
    const { state } = this.machine;
    this.#clock.rest();
    await this.#golden.close();
    if (state.state === 'running' && goal !== 'abandon') {
      await call(state.connection, END_PROGRAMS, {}, z.unknown(), { timeout: PROGRAMS_END_WITHIN }).catch(
        () => {},
      );
      const deadline = Date.now() + RESULTS_WITHIN;
      while (this.sessions.size > 0 && Date.now() < deadline) await sleep(20);
    }
    const manner = await this.machine.stop(goal);
    await (await this.#ssh)?.close();
    this.#ssh = undefined;
    return manner;
  }

  /** Suspends the machine unless somebody has come to use it by now: who comes from here on waits and finds it resumed. */
  async suspendUnused(): Promise<void> {
    await this.#golden.close();
    if (this.idle.isUsed || this.machine.state.state !== 'running') return;
    this.#clock.rest();
    await this.machine.stop('suspend');
    await (await this.#ssh)?.close();
    this.#ssh = undefined;
  }

  /** Ends what would keep this process alive, the machine aside. */
  async close(): Promise<void> {
    await this.#golden.close();
    await (await this.#scripted)?.close();
    await (await this.#ssh)?.close();
  }

  /** Something began or ended: what happens only at rest is put off or comes nearer. */
  #changed(): void {
    const { state } = this.machine;
    if (this.#wantsGolden) this.#golden.look(this.machine.run, this.sessions.size === 0);
    if (state.state === 'running') this.#clock.keep(state.connection);
  }

  /** Into the log, into `status`, and to whoever is waiting at a command. */
  #note(text: string): void {
    this.journal.note(text);
    for (const face of this.#faces) face.tell({ type: 'progress', event: { type: 'note', text } });
  }

  #model(): Promise<ScriptedModel> {
    // Loaded on first use: an HTTP server costs 15 MB, and most machines never see the demo.
    this.#scripted ??= import('../tools/scripted-model/server.ts').then(({ startScriptedModel }) =>
      startScriptedModel(),
    );
    return this.#scripted;
  }

  #guestOpened(open: Parameters<ReturnType<typeof serve>>[0], stream: ChannelStream): void {
    serve({ [EGRESS]: conversation(EgressRequest, (request, opened) => this.#gate.serve(request, opened)) })(
      open,
      stream,
    );
  }
}
