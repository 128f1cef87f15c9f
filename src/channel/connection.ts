import { Fault } from '../fault/fault.ts';
import { ChannelStream, type StreamHost } from './channel-stream.ts';
import { decodeFault, encodeFault } from './fault-message.ts';
import { FRAME, type Frame, type FrameKind, MAX_JSON } from './frame.ts';
import type { FrameTransport } from './transport.ts';

export interface Open {
  method: string;
  params: unknown;
}

/** Open streams a peer may hold at once. */
const MAX_STREAMS = 1024;
const NOTHING = new Uint8Array(0);

/** Many streams over one transport, served fairly: each stream with something to send gets one frame in turn. */
export class Connection implements StreamHost {
  readonly #transport: FrameTransport;
  readonly #streams = new Map<number, ChannelStream>();
  readonly #waiting = new Set<ChannelStream>();
  readonly #side: 'odd' | 'even';
  #next: number;
  #blocked = false;
  #pumping = false;
  #opened: (open: Open, stream: ChannelStream) => void;
  #down = false;
  #heard = false;
  readonly closed: Promise<Error | undefined>;
  #resolveClosed: (error: Error | undefined) => void;

  /** `side` keeps stream numbers apart: the one who connects is odd. */
  constructor(
    transport: FrameTransport,
    side: 'odd' | 'even',
    opened?: (open: Open, stream: ChannelStream) => void,
  ) {
    this.#transport = transport;
    this.#side = side;
    this.#next = side === 'odd' ? 1 : 2;
    this.#opened =
      opened ??
      ((open, stream) =>
        stream.reset(new Fault('protocol-violation', `nothing here answers ${open.method}`)));
    const { promise, resolve } = Promise.withResolvers<Error | undefined>();
    this.closed = promise;
    this.#resolveClosed = resolve;
    transport.listen({
      frame: (frame) => this.#received(frame),
      drain: () => {
        this.#blocked = false;
        this.#pump();
      },
      closed: (error) => this.#fell(error),
    });
  }

  /** @throws Fault `guest-unreachable` when the connection is down, `protocol-violation` when the parameters do not fit into a frame */
  open(method: string, params: unknown): ChannelStream {
    if (this.#down) throw new Fault('guest-unreachable', 'the connection is closed');
    const payload = Buffer.from(JSON.stringify({ method, params }));
    if (payload.byteLength > MAX_JSON)
      throw new Fault(
        'protocol-violation',
        `a request of ${payload.byteLength} bytes is over the channel's limit of ${MAX_JSON}`,
      );
    const stream = new ChannelStream(this.#next, this);
    this.#next += 2;
    this.#streams.set(stream.id, stream);
    this.#control(FRAME.open, stream.id, payload);
    return stream;
  }

  close(): void {
    this.#transport.close();
    this.#fell(undefined);
  }

  /** The peer has said something: it was there, and may have begun what it was asked. */
  get heard(): boolean {
    return this.#heard;
  }

  get down(): boolean {
    return this.#down;
  }

  ready(stream: ChannelStream): void {
    this.#waiting.add(stream);
    this.#pump();
  }

  credit(stream: ChannelStream, bytes: number): void {
    const payload = Buffer.allocUnsafe(4);
    payload.writeUInt32LE(bytes);
    this.#control(FRAME.credit, stream.id, payload);
  }

  cut(stream: ChannelStream, error: Fault): void {
    this.#control(FRAME.reset, stream.id, encodeFault(error));
  }

  forget(stream: ChannelStream): void {
    this.#waiting.delete(stream);
    this.#streams.delete(stream.id);
  }

  #control(kind: FrameKind, stream: number, payload: Uint8Array): void {
    if (this.#down) return;
    if (!this.#transport.send({ kind, lane: 0, stream, payload })) this.#blocked = true;
  }

  #pump(): void {
    // Sending can call back into ready(): one loop at a time keeps frames in order.
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#blocked && !this.#down && this.#waiting.size > 0) {
      for (const stream of this.#waiting) {
        const item = stream.take();
        this.#waiting.delete(stream);
        if (item === undefined) continue;
        this.#waiting.add(stream);
        const kind = FRAME[item.kind];
        const payload = item.kind === 'end' ? NOTHING : item.payload;
        const lane = item.kind === 'data' ? item.lane : 0;
        const room = this.#transport.send({ kind, lane, stream: stream.id, payload });
        if (item.kind === 'data') item.sent();
        if (!room) {
          this.#blocked = true;
          break;
        }
      }
    }
    this.#pumping = false;
  }

  #received(frame: Frame): void {
    this.#heard = true;
    // A socket that was closed may still deliver what was under way.
    if (this.#down) return;
    try {
      this.#dispatch(frame);
    } catch (error) {
      this.#transport.close();
      this.#fell(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #dispatch(frame: Frame): void {
    if (frame.kind === FRAME.open) return this.#openedByPeer(frame);
    const stream = this.#streams.get(frame.stream);
    // A frame for a stream we have just cut is normal: the peer had not heard yet.
    if (stream === undefined) return;
    switch (frame.kind) {
      case FRAME.message:
        return stream.receiveMessage(parse(frame.payload));
      case FRAME.data:
        return stream.receiveData(frame.payload, frame.lane);
      case FRAME.credit:
        if (frame.payload.byteLength !== 4)
          throw new Fault('protocol-violation', 'a credit frame has four bytes');
        return stream.receiveCredit(Buffer.from(frame.payload).readUInt32LE());
      case FRAME.end:
        return stream.receiveEnd();
      case FRAME.reset:
        return stream.close(decodeFault(frame.payload));
      default:
        throw new Fault('protocol-violation', `frame kind ${frame.kind} has no place inside a stream`);
    }
  }

  #openedByPeer(frame: Frame): void {
    const peerIsOdd = this.#side === 'even';
    if (frame.stream === 0 || (frame.stream % 2 === 1) !== peerIsOdd || this.#streams.has(frame.stream)) {
      throw new Fault('protocol-violation', 'the peer opened a stream number that is not its own');
    }
    const open = parse(frame.payload);
    if (!isOpen(open)) throw new Fault('protocol-violation', 'a stream was opened without a method');
    const stream = new ChannelStream(frame.stream, this);
    if (this.#streams.size >= MAX_STREAMS) {
      this.cut(stream, new Fault('protocol-violation', `more than ${MAX_STREAMS} streams at once`));
      return;
    }
    this.#streams.set(stream.id, stream);
    this.#opened(open, stream);
  }

  #fell(error: Error | undefined): void {
    if (this.#down) return;
    this.#down = true;
    const reason = new Fault('guest-unreachable', 'the connection was lost', { cause: error });
    for (const stream of [...this.#streams.values()]) stream.close(reason);
    this.#resolveClosed(error);
  }
}

function parse(payload: Uint8Array): unknown {
  if (payload.byteLength > MAX_JSON) throw new Fault('protocol-violation', 'a message is over the limit');
  return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString());
}

function isOpen(value: unknown): value is Open {
  return (
    typeof value === 'object' &&
    value !== null &&
    'method' in value &&
    typeof value.method === 'string' &&
    'params' in value
  );
}
