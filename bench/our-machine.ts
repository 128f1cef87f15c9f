import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Folder, machineNames } from '../src/bundle/folder.ts';
import type { Connection } from '../src/channel/connection.ts';
import { call } from '../src/channel/methods.ts';
import { Fault } from '../src/fault/fault.ts';
import { STATUS, StatusReply } from '../src/supervisor/protocol.ts';
import { findSupervisor, reachSupervisor } from '../src/supervisor/reach.ts';
import { type TimedProgram, timed } from './timed-program.ts';

const MACHINE = 'default';

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

  constructor(folder: Folder, signal: AbortSignal) {
    this.folder = folder;
    this.#signal = signal;
  }

  /** The `pcoder` command line for these arguments. */
  #command(...args: string[]): TimedProgram {
    const { root, state } = this.folder;
    return { file: join(root, 'pcoder'), args, cwd: root, env: { PCODER_STATE: state } };
  }

  /** `pcoder exec` of a command, timed. Without a project nothing travels. */
  exec(argv: readonly string[], { project, input }: ExecOptions = {}): Promise<number> {
    const travels = project === undefined ? ['--exchange', 'none'] : ['--project', project];
    const program = this.#command('exec', '--mode', 'linux-portable', ...travels, '--', ...argv);
    return timed({ ...program, ...(input === undefined ? {} : { input }) }, this.#signal);
  }

  /** Empties the guest's copy of a project. */
  async clear(project: string): Promise<void> {
    const program = this.#command(
      'exec',
      '--mode',
      'linux-portable',
      '--exchange',
      'none',
      '--project',
      project,
    );
    const empty = ['--', 'find', '.', '-mindepth', '1', '-delete'];
    await timed({ ...program, args: [...program.args, ...empty] }, this.#signal);
  }

  async start(): Promise<void> {
    await timed(this.#command('start'), this.#signal);
  }

  /** Stops the machine, whatever was interrupted, and waits until its supervisor has gone too. */
  async stop(): Promise<void> {
    await timed(this.#command('stop'), AbortSignal.timeout(STOP_WITHIN));
    const deadline = Date.now() + GONE_WITHIN;
    while (await this.#supervised()) {
      if (Date.now() > deadline)
        throw new Fault('machine-busy', 'the supervisor of the bench machine did not end');
      await sleep(20);
    }
  }

  /** A connection to its supervisor, as the commands have one. The caller closes it. */
  connect(): Promise<Connection> {
    return reachSupervisor(this.folder, MACHINE);
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
    return { config: machineNames(this.folder, MACHINE).sshConfig, host: `pcoder-${MACHINE}` };
  }

  async #supervised(): Promise<boolean> {
    const connection = await findSupervisor(this.folder, MACHINE);
    connection?.close();
    return connection !== undefined;
  }
}

/** Milliseconds; `pcoder stop` has its own, shorter deadlines for every step. */
const STOP_WITHIN = 150_000;
/** Milliseconds a supervisor without a machine may take to end: it rests for 15 s in case another command comes. */
const GONE_WITHIN = 30_000;
