import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import * as z from 'zod/mini';
import { Fault } from '../../fault/fault.ts';

const Reply = z.union([
  z.object({ QMP: z.unknown() }),
  z.object({
    event: z.string().check(z.maxLength(128)),
    data: z.optional(z.record(z.string(), z.unknown())),
  }),
  z.object({ id: z.int(), return: z.unknown() }),
  z.object({ id: z.optional(z.int()), error: z.object({ class: z.string(), desc: z.string() }) }),
]);

export interface QmpEvent {
  name: string;
  data: Record<string, unknown>;
}

/** Milliseconds QEMU gets to answer one command. */
const ANSWER_WITHIN = 15_000;

/** A client of QEMU's machine protocol: numbered commands, events as they come (qemu docs/interop/qmp-spec). */
export class QmpClient {
  readonly #socket: Socket;
  readonly #pending = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  #next = 1;
  #greeted: () => void = () => {};
  onEvent: (event: QmpEvent) => void = () => {};
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#failAll(new Fault('qemu-failed', 'QEMU closed its control connection'));
        resolve();
      });
    });
    socket.on('error', () => {});
    const lines = createInterface({ input: socket });
    lines.on('line', (line) => this.#line(line));
    // It repeats the socket's errors; `close` follows each.
    lines.on('error', () => {});
  }

  /** Connects to a QMP socket and leaves negotiation mode. @throws the socket's error when nobody listens; Fault `qemu-failed` when QEMU is silent */
  static async connect(path: string): Promise<QmpClient> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const client = new QmpClient(socket);
    const greeting = new Promise<void>((resolve) => {
      client.#greeted = resolve;
    });
    const silence = setTimeout(() => socket.destroy(), ANSWER_WITHIN);
    await Promise.race([greeting, client.closed]);
    clearTimeout(silence);
    await client.execute('qmp_capabilities');
    return client;
  }

  /** @throws Fault `qemu-failed` with QEMU's own words */
  execute(command: string, parameters?: Record<string, unknown>): Promise<unknown> {
    if (this.#socket.destroyed)
      return Promise.reject(new Fault('qemu-failed', `QEMU is gone: ${command} was not asked`));
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(
      () =>
        reject(new Fault('qemu-failed', `QEMU did not answer ${command} within ${ANSWER_WITHIN / 1000} s`)),
      ANSWER_WITHIN,
    );
    this.#pending.set(id, { resolve, reject });
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: parameters, id })}\n`);
    return promise
      .catch((error: unknown) => {
        throw new Fault('qemu-failed', `QEMU refused ${command}`, { cause: error });
      })
      .finally(() => {
        clearTimeout(timer);
        this.#pending.delete(id);
      });
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  close(): void {
    this.#socket.destroy();
  }

  #line(line: string): void {
    const parsed = z.safeParse(Reply, parseOrUndefined(line));
    if (!parsed.success) return;
    const reply = parsed.data;
    if ('QMP' in reply) this.#greeted();
    else if ('event' in reply) this.onEvent({ name: reply.event, data: reply.data ?? {} });
    else if ('error' in reply) this.#pending.get(reply.id ?? -1)?.reject(new Error(reply.error.desc));
    else this.#pending.get(reply.id)?.resolve(reply.return);
  }

  #failAll(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
  }
}

function parseOrUndefined(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
