import { Fault } from '../fault/fault.ts';
import { MAX_JSON, MAX_PAYLOAD } from './frame.ts';

/** Bytes a peer may have under way on one stream before it must wait: what one slow reader can make us hold. */
export const WINDOW = 1024 * 1024;

export interface StreamEvents {
  message?(value: unknown): void;
  /** `consumed` must be called with the number of bytes once they are dealt with; until then they count against the window. */
  data?(chunk: Uint8Array, lane: number): void;
  /** the peer sends no more */
  end?(): void;
  /** nothing more in either direction; `error` when the stream was cut */
  closed?(error: Fault | undefined): void;
}

export type Outgoing =
  | { kind: 'message'; payload: Uint8Array }
  | { kind: 'data'; payload: Uint8Array; lane: number; sent: () => void }
  | { kind: 'end' };

/** What a stream needs of its connection. */
export interface StreamHost {
  ready(stream: ChannelStream): void;
  credit(stream: ChannelStream, bytes: number): void;
  cut(stream: ChannelStream, error: Fault): void;
  forget(stream: ChannelStream): void;
}

/** One two-way conversation on a connection: JSON messages and raw bytes in order, with credit for the bytes. */
export class ChannelStream {
  readonly id: number;
  readonly #host: StreamHost;
  readonly #queue: Outgoing[] = [];
  #events: StreamEvents | undefined;
  #early: ((events: StreamEvents) => void)[] = [];
  #sendCredit = WINDOW;
  #receiveCredit = WINDOW;
  #unreported = 0;
  #ended = false;
  #peerEnded = false;
  #closed = false;
  #error: Fault | undefined;

  constructor(id: number, host: StreamHost) {
    this.id = id;
    this.#host = host;
  }

  /** Sets who listens. What arrived before is delivered now. */
  listen(events: StreamEvents): void {
    this.#events = events;
    const early = this.#early;
    this.#early = [];
    for (const deliver of early) deliver(events);
  }

  /** @throws Fault `protocol-violation` when the message does not fit into a frame */
  send(message: unknown): void {
    this.#push(messageItem(message));
  }

  /** Sends a message before bytes that still wait for credit: a signal must reach a program that reads no input. */
  sendAhead(message: unknown): void {
    if (this.#closed) return;
    this.#queue.unshift(messageItem(message));
    this.#host.ready(this);
  }

  /** Resolves when the bytes have left under the peer's credit; rejects when the stream is cut before. */
  write(chunk: Uint8Array, lane = 0): Promise<void> {
    if (this.#closed)
      return Promise.reject(this.#error ?? new Fault('guest-unreachable', 'the stream is closed'));
    return new Promise((resolve, reject) => {
      this.#rejects.add(reject);
      const sent = () => {
        this.#rejects.delete(reject);
        resolve();
      };
      this.#push({ kind: 'data', payload: chunk, lane, sent });
    });
  }
  readonly #rejects = new Set<(error: Fault) => void>();

  /** Says that this side sends no more. */
  end(): void {
    if (this.#ended || this.#closed) return;
    this.#ended = true;
    this.#push({ kind: 'end' });
  }

  /** Ends both directions at once; the peer is told why. */
  reset(error: Fault): void {
    if (this.#closed) return;
    this.#host.cut(this, error);
    this.close(error);
  }

  /** Gives back credit for bytes that were dealt with. */
  consumed(bytes: number): void {
    this.#unreported += bytes;
    // Reported in quarters: one credit frame per data frame would double the hops.
    if (this.#unreported < WINDOW / 4 || this.#closed) return;
    this.#receiveCredit += this.#unreported;
    this.#host.credit(this, this.#unreported);
    this.#unreported = 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  // The connection's side.

  /** The next thing to send, within the peer's credit. */
  take(): Outgoing | undefined {
    const head = this.#queue[0];
    if (head === undefined) return undefined;
    if (head.kind !== 'data') {
      this.#queue.shift();
      if (head.kind === 'end') queueMicrotask(() => this.#closeWhenBothEnded());
      return head;
    }
    const size = Math.min(head.payload.byteLength, this.#sendCredit, MAX_PAYLOAD);
    if (size === 0 && head.payload.byteLength > 0) return undefined;
    this.#sendCredit -= size;
    if (size === head.payload.byteLength) {
      this.#queue.shift();
      return head;
    }
    const part = head.payload.subarray(0, size);
    head.payload = head.payload.subarray(size);
    return { kind: 'data', payload: part, lane: head.lane, sent: () => {} };
  }

  receiveCredit(bytes: number): void {
    this.#sendCredit += bytes;
    this.#host.ready(this);
  }

  receiveMessage(value: unknown): void {
    this.#deliver((events) => events.message?.(value));
  }

  receiveData(chunk: Uint8Array, lane: number): void {
    this.#receiveCredit -= chunk.byteLength;
    if (this.#receiveCredit < 0)
      return this.reset(new Fault('protocol-violation', 'the peer sent more than its credit'));
    this.#deliver((events) => {
      if (events.data) events.data(chunk, lane);
      else this.consumed(chunk.byteLength);
    });
  }

  receiveEnd(): void {
    if (this.#peerEnded) return;
    this.#peerEnded = true;
    this.#deliver((events) => events.end?.());
    this.#closeWhenBothEnded();
  }

  close(error: Fault | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#queue.length = 0;
    const reason = error ?? new Fault('guest-unreachable', 'the stream is closed');
    for (const reject of this.#rejects) reject(reason);
    this.#rejects.clear();
    this.#host.forget(this);
    this.#deliver((events) => events.closed?.(error));
  }

  #push(item: Outgoing): void {
    if (this.#closed) return;
    this.#queue.push(item);
    this.#host.ready(this);
  }

  #deliver(event: (events: StreamEvents) => void): void {
    if (this.#events === undefined) this.#early.push(event);
    else event(this.#events);
  }

  #closeWhenBothEnded(): void {
    if (this.#peerEnded && this.#ended && this.#queue.length === 0) this.close(undefined);
  }
}

function messageItem(message: unknown): Outgoing {
  const payload = Buffer.from(JSON.stringify(message));
  if (payload.byteLength > MAX_JSON)
    throw new Fault(
      'protocol-violation',
      `a message of ${payload.byteLength} bytes is over the channel's limit of ${MAX_JSON}`,
    );
  return { kind: 'message', payload };
}
