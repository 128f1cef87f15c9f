import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Folder, machineNames } from '../src/bundle/folder.ts';
import type { Connection } from '../src/channel/connection.ts';
import { call } from '../src/channel/methods.ts';
import { Fault } from '../src/fault/fault.ts';
import { STATUS, StatusReply } from '../src/supervisor/protocol.ts';
import { findSupervisor, reachSupervisor } from '../src/supervisor/reach.ts';
import { type TimedProgram, timed } from './timed-program.ts';

export interface ExecOptions {
  /** a folder that is brought in before and back after */
  project?: string;
  /** the file the command reads */
  input?: string;
}

/** The product's machine, used as a person would use it, on a state folder of the benchmarks' own. */
export class OurMachine {
  /** with a state of its own */
  readonly folder: Folder;
  readonly #signal: AbortSignal;
  readonly #name: string;

  /** @param name which machine of that folder */
  constructor(folder: Folder, signal: AbortSignal, name = 'default') {
    this.folder = folder;
    this.#signal = signal;
    this.#name = name;
  }

  /** Another machine of the same folder. */
  named(name: string): OurMachine {
    return new OurMachine(this.folder, this.#signal, name);
  }

  /** The `pcoder` command line for these arguments. */
  #command(...args: string[]): TimedProgram {
    const { root, state } = this.folder;
    return { file: join(root, 'pcoder'), args, cwd: root, env: { PCODER_STATE: state } };
  }

  /** `pcoder exec` of a command, timed. Without a project nothing travels. */
  exec(argv: readonly string[], { project, input }: ExecOptions = {}): Promise<number> {
    const travels = project === undefined ? ['--exchange', 'none'] : ['--project', project];
    const program = this.#command('exec', ...this.#here, ...travels, '--', ...argv);
    return timed({ ...program, ...(input === undefined ? {} : { input }) }, this.#signal);
  }

  /** Empties the guest's copy of a project. */
  async clear(project: string): Promise<void> {
    const program = this.#command('exec', ...this.#here, '--exchange', 'none', '--project', project);
    const empty = ['--', 'find', '.', '-mindepth', '1', '-delete'];
    await timed({ ...program, args: [...program.args, ...empty] }, this.#signal);
  }

  async start(): Promise<void> {
    await timed(this.#command('start', this.#name), this.#signal);
  }

  /** An agent without a session's key: its version, say. */
  run(tool: string, args: readonly string[]): Promise<number> {
    const how = ['--profile', 'demo', '--exchange', 'none'];
    return timed(this.#command('run', ...this.#here, ...how, tool, '--', ...args), this.#signal);
  }

  /** Makes a machine of this one's state. */
  fork(name: string): Promise<number> {
    return timed(this.#command('machine', 'fork', this.#name, name), this.#signal);
  }

  /** Ends and removes the machine. */
  async remove(): Promise<void> {
    await timed(this.#command('machine', 'rm', this.#name, '--yes'), AbortSignal.timeout(STOP_WITHIN));
  }

  /** Stops the machine, whatever was interrupted, and waits until its supervisor has gone too. @returns milliseconds of the command */
  async stop(how: 'suspend' | 'shutdown' = 'suspend'): Promise<number> {
    const flags = how === 'shutdown' ? ['--shutdown'] : [];
    const took = await timed(this.#command('stop', ...flags, this.#name), AbortSignal.timeout(STOP_WITHIN));
    const deadline = Date.now() + GONE_WITHIN;
    while (await this.#supervised()) {
      if (Date.now() > deadline)
        throw new Fault('machine-busy', 'the supervisor of the bench machine did not end');
      await sleep(20);
    }
    return took;
  }

  /** A connection to its supervisor, as the commands have one. The caller closes it. */
  connect(): Promise<Connection> {
    return reachSupervisor(this.folder, this.#name);
  }

  async status(): Promise<StatusReply> {
    const connection = await this.connect();
    try {
      return await call(connection, STATUS, {}, StatusReply);
    } finally {
      connection.close();
    }
  }

  /** What an ssh client needs: `-F` and its file, and the name to call. */
  get ssh(): { config: string; host: string } {
    return { config: this.names.sshConfig, host: `pcoder-${this.#name}` };
  }

  get names(): ReturnType<typeof machineNames> {
    return machineNames(this.folder, this.#name);
  }

  get #here(): string[] {
    return ['--mode', 'linux-portable', '--machine', this.#name];
  }

  async #supervised(): Promise<boolean> {
    const connection = await findSupervisor(this.folder, this.#name);
    connection?.close();
    return connection !== undefined;
  }
}

/** Milliseconds; `pcoder stop` has its own, shorter deadlines for every step. */
const STOP_WITHIN = 150_000;
/** Milliseconds a supervisor without a machine may take to end: it rests for 15 s in case another command comes. */
const GONE_WITHIN = 30_000;
