import type { Duplex } from 'node:stream';
import { encodeHeader, type Frame } from './frame.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { PreambleHunter } from './preamble.ts';
import type { FrameTransport, TransportEvents } from './transport.ts';

export interface SocketTransportOptions {
  /** throw away what comes before the peer's preamble: for lines that outlive their ends */
  hunt?: boolean;
}

/** Milliseconds a closed socket gets to deliver what was handed over before. */
const FLUSH_WITHIN = 500;

/** Frames over a socket or any byte stream. */
export class SocketTransport implements FrameTransport {
  readonly #socket: Duplex;
  readonly #decoder = new FrameDecoder();
  #hunter: PreambleHunter | undefined;
  #events: TransportEvents | undefined;
  #closed = false;

  constructor(socket: Duplex, options: SocketTransportOptions = {}) {
    this.#socket = socket;
    this.#hunter = options.hunt === true ? new PreambleHunter() : undefined;
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('drain', () => this.#events?.drain());
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(undefined));
    // Nothing may be lost before somebody listens.
    socket.pause();
  }

  listen(events: TransportEvents): void {
    this.#events = events;
    this.#socket.resume();
  }

  send(frame: Frame): boolean {
    if (this.#closed) return true;
    this.#socket.cork();
    this.#socket.write(encodeHeader(frame));
    if (frame.payload.byteLength > 0) this.#socket.write(frame.payload);
    this.#socket.uncork();
    return !this.#socket.writableNeedDrain;
  }

  close(): void {
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), FLUSH_WITHIN).unref();
  }

  #received(bytes: Uint8Array): void {
    let chunk = bytes;
    if (this.#hunter !== undefined) {
      const start = this.#hunter.find(chunk);
      if (start === undefined) return;
      this.#hunter = undefined;
      chunk = chunk.subarray(start);
    }
    try {
      for (const frame of this.#decoder.push(chunk)) {
        if (this.#closed) return;
        this.#events?.frame(frame);
      }
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #end(error: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    this.#events?.closed(error);
  }
}
