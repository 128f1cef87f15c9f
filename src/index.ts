import * as z from 'zod/mini';
import { ensureApp } from './bundle/fetch/app.ts';
import type { Folder } from './bundle/folder.ts';
import { locateFolder } from './bundle/locate.ts';
import type { Progress } from './bundle/progress.ts';
import { readSettings } from './bundle/settings.ts';
import type { Connection } from './channel/connection.ts';
import { ClockReply } from './channel/messages/renewal.ts';
import { call } from './channel/methods.ts';
import { Fault } from './fault/fault.ts';
import { ensureImage } from './image/ensure.ts';
import type { SessionRequest } from './session/request.ts';
import { PING, SESSION, SessionEvent, STATUS, STOP, StatusReply, StopReply } from './supervisor/protocol.ts';
import { reachSupervisor } from './supervisor/reach.ts';

export type { FaultCode } from './fault/codes.ts';
export { Fault, type Folder, type Progress, type StatusReply };

export interface MachineOptions {
  /** default `default` */
  name?: string;
  /** default: the portable folder this program is part of */
  folder?: Folder;
  /** hears of fetching, building and starting */
  progress?: Progress;
  signal?: AbortSignal;
}

export interface SessionOptions {
  /** absolute path of the project; default: the current folder */
  project?: string;
  /** default `once`: the project goes in before and its changes come back after */
  exchange?: SessionRequest['exchange'];
  /** what becomes of commits made in the guest; default: what the settings say, else `keep` */
  gitCommits?: NonNullable<SessionRequest['gitCommits']>;
  /** `HOST[:PORT]` the session may reach beside its profile's hosts */
  allow?: readonly string[];
  /** what the program reads on its standard input */
  input?: Uint8Array | string;
}

export interface ToolOptions extends SessionOptions {
  /** which file of `profiles/` */
  profile: string;
  /** the provider's key, under the name of the host variable it is known by; it is kept in memory only */
  credential?: { name: string; value: string };
}

export type SessionReport = Extract<SessionEvent, { type: 'report' }>;

/** One finished session. */
export interface Session {
  /** names its folder below `state/sessions/` */
  id: string;
  /** null when a signal ended it */
  code: number | null;
  signal: string | null;
  stdout: Buffer;
  stderr: Buffer;
  /** what came back to the project; undefined without an exchange */
  report: SessionReport | undefined;
}

/** One machine of the portable folder, by way of its supervisor. Closing it leaves the machine running. */
export class Machine implements Disposable {
  readonly #connection: Connection;
  readonly #folder: Folder;
  readonly #progress: Progress;
  readonly #signal: AbortSignal;

  /** @param connection to a supervisor that was reached already; `open` reaches it by name */
  constructor(connection: Connection, options: MachineOptions = {}) {
    this.#connection = connection;
    this.#folder = options.folder ?? locateFolder();
    this.#progress = options.progress ?? (() => {});
    this.#signal = options.signal ?? new AbortController().signal;
  }

  /**
   * Reaches the machine's supervisor, after fetching QEMU and the image if they are not here. The machine starts with its first session.
   * @throws Fault `fetch-failed`, `prerequisite-missing`, `supervisor-lost`, …
   */
  static async open(options: MachineOptions = {}): Promise<Machine> {
    const { folder = locateFolder(), progress = () => {}, signal = new AbortController().signal } = options;
    const { suite } = await readSettings(folder);
    await ensureImage(folder, { suite }, progress, signal);
    return new Machine(await reachSupervisor(folder, options.name ?? 'default'), {
      folder,
      progress,
      signal,
    });
  }

  /** Runs a program, given as argv, in the guest on the project. @throws the session's Fault; never for a program's own exit code */
  exec(argv: readonly string[], options: SessionOptions = {}): Promise<Session> {
    return this.#session({ kind: 'command', argv: [...argv] }, options);
  }

  /** Runs a coding agent without a terminal, its program fetched if need be. @throws the session's Fault */
  async run(tool: string, args: readonly string[], options: ToolOptions): Promise<Session> {
    await ensureApp(this.#folder, tool, this.#progress, this.#signal);
    const { profile, credential } = options;
    return this.#session(
      { kind: 'tool', tool, profile, args: [...args], ...(credential && { credential }) },
      options,
    );
  }

  status(): Promise<StatusReply> {
    return call(this.#connection, STATUS, {}, StatusReply);
  }

  /** Asks the agent daemon in the guest for its clock. @returns milliseconds there and back @throws Fault `machine-not-running` */
  async ping(): Promise<number> {
    const asked = performance.now();
    await call(this.#connection, PING, {}, ClockReply);
    return performance.now() - asked;
  }

  /** Suspends the machine, or shuts it down. @returns how it went down: `suspended`, `guest shutdown`, `power button`, `quit`, `kill` or `not running` */
  async stop(goal: 'suspend' | 'shutdown' = 'suspend'): Promise<string> {
    // All its steps together (machine/qemu/shutdown.ts) stay below this.
    return (await call(this.#connection, STOP, { goal }, StopReply, { timeout: 120_000 })).manner;
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  #session(work: SessionRequest['work'], options: SessionOptions): Promise<Session> {
    const { project = process.cwd(), exchange = 'once', gitCommits, allow = [], input = '' } = options;
    const request: SessionRequest = {
      ...{ project, exchange, allow: [...allow], work },
      ...(gitCommits && { gitCommits }),
    };
    const stream = this.#connection.open(SESSION, request);
    const [stdout, stderr]: [Uint8Array[], Uint8Array[]] = [[], []];
    const ended: Pick<Session, 'id' | 'report'> = { id: '', report: undefined };
    const { promise, resolve, reject } = Promise.withResolvers<Session>();
    const leave = () => stream.reset(new Fault('interrupted', 'interrupted'));
    this.#signal.addEventListener('abort', leave, { once: true });
    stream.listen({
      message: (value) => {
        const parsed = z.safeParse(SessionEvent, value);
        if (!parsed.success) return;
        const event = parsed.data;
        if (event.type === 'progress')
          this.#progress({ total: undefined, ...event.event } as Parameters<Progress>[0]);
        else if (event.type === 'session') ended.id = event.id;
        else if (event.type === 'report') ended.report = event;
        else if (event.type === 'exit') {
          const { code, signal } = event;
          resolve({ ...ended, code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) });
        }
      },
      data: (chunk, lane) => {
        (lane === 1 ? stderr : stdout).push(Uint8Array.from(chunk));
        stream.consumed(chunk.byteLength);
      },
      closed: (error) => reject(error ?? new Fault('supervisor-lost', 'the session ended without a result')),
    });
    // Cut off before all of it was taken, the session has its own word to say.
    stream
      .write(Buffer.from(input))
      .then(() => stream.end())
      .catch(() => {});
    return promise.finally(() => this.#signal.removeEventListener('abort', leave));
  }
}
