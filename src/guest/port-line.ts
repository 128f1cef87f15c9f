import { type ChildProcess, spawn } from 'node:child_process';
import { read, write } from 'node:fs';
import { encodeHeader, type Frame } from '../channel/frame.ts';
import { FrameDecoder } from '../channel/frame-decoder.ts';
import { PREAMBLE, PreambleHunter } from '../channel/preamble.ts';
import type { FrameTransport, TransportEvents } from '../channel/transport.ts';

/** Bytes that may wait for a slow host before senders are asked to pause. */
const HIGH_WATER = 512 * 1024;
/** Milliseconds between two looks for a host while none is connected. */
const LOOK_AGAIN = 200;
/** Reads of our own before `cat` takes over: enough for a greeting and a first command. */
const OWN_READS = 24;

/**
 * The port as a line that hosts come and go on: each host that connects gets a fresh transport, and the one before it ends.
 *
 * The kernel gives at most 4 KiB a read of the port, so each asynchronous read of ours would be paid for 25,600 times per 100 MB (15 MB/s
 * measured). `cat` reads it into a pipe that we read in large pieces: as fast as a thread of ours, for 2 MB of memory instead of 17. The
 * first few reads are ours all the same: two programs to start would keep the host waiting for its greeting.
 */
export class PortLine {
  readonly #fd: number;
  readonly #writer: PortWriter;
  readonly #arrived: (transport: FrameTransport) => void;
  #hunter: PreambleHunter | undefined = new PreambleHunter();
  #decoder = new FrameDecoder();
  #current: PortTransport | undefined;
  #cat: ChildProcess | undefined;
  #dismissed: { reader: ChildProcess; done: () => void } | undefined;

  constructor(fd: number, arrived: (transport: FrameTransport) => void) {
    this.#fd = fd;
    this.#writer = new PortWriter(fd);
    this.#arrived = arrived;
    this.#read(OWN_READS);
  }

  /**
   * Reads by ourselves again, while the host is known to be silent: a guest that comes out of a snapshot answers sooner without a program
   * in between whose code has to be translated first. Resolves when it does.
   */
  async dismissReader(): Promise<void> {
    const reader = this.#cat;
    if (reader === undefined) return;
    await new Promise<void>((done) => {
      this.#dismissed = { reader, done };
      reader.kill();
    });
  }

  #read(own: number): void {
    if (own === 0) return this.#readByCat();
    read(this.#fd, Buffer.allocUnsafe(4096), 0, 4096, null, (error, count, bytes) => {
      if (error !== null) return this.#readByCat();
      if (count === 0) return this.#ended();
      this.#received(bytes.subarray(0, count));
      this.#read(own - 1);
    });
  }

  #readByCat(): void {
    // It must not outlive the daemon: the port can be open only once.
    const cat = spawn('/usr/bin/setpriv', ['--pdeathsig', 'KILL', '/bin/cat'], {
      stdio: [this.#fd, 'pipe', 'ignore'],
    });
    cat.stdout?.on('data', (bytes: Buffer) => this.#received(bytes));
    this.#cat = cat;
    cat.on('close', () => {
      this.#cat = undefined;
      if (this.#dismissed?.reader !== cat) return this.#ended();
      this.#read(OWN_READS);
      this.#dismissed.done();
    });
    cat.on('error', (error) => console.error(`agentd: ${error.message}`));
  }

  /** The port reads as ended whenever no host is connected. */
  #ended(): void {
    this.#hostGone();
    setTimeout(() => this.#read(OWN_READS), LOOK_AGAIN);
  }

  #received(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.byteLength > 0) {
      if (this.#hunter !== undefined) {
        const start = this.#hunter.find(rest);
        if (start === undefined) return;
        rest = rest.subarray(start);
        this.#hostCame();
      }
      try {
        for (const frame of this.#decoder.push(rest)) this.#current?.received(frame);
        return;
      } catch {
        // Out of step: an earlier host left half a frame. The new one's preamble is somewhere in these bytes or behind them.
        this.#hostGone();
      }
    }
  }

  #hostCame(): void {
    this.#hunter = undefined;
    this.#decoder = new FrameDecoder();
    this.#writer.reset();
    this.#current = new PortTransport(this.#writer);
    this.#writer.push(PREAMBLE);
    this.#arrived(this.#current);
  }

  #hostGone(): void {
    this.#hunter = new PreambleHunter();
    this.#current?.fell();
    this.#current = undefined;
    this.#writer.reset();
  }
}

class PortTransport implements FrameTransport {
  readonly #writer: PortWriter;
  #events: TransportEvents | undefined;
  #early: Frame[] = [];
  #open = true;

  constructor(writer: PortWriter) {
    this.#writer = writer;
    writer.drained = () => this.#events?.drain();
  }

  listen(events: TransportEvents): void {
    this.#events = events;
    const early = this.#early;
    this.#early = [];
    for (const frame of early) events.frame(frame);
  }

  send(frame: Frame): boolean {
    if (!this.#open) return true;
    this.#writer.push(encodeHeader(frame));
    if (frame.payload.byteLength > 0) this.#writer.push(frame.payload);
    return !this.#writer.full;
  }

  close(): void {
    this.fell();
  }

  received(frame: Frame): void {
    if (!this.#open) return;
    if (this.#events === undefined) this.#early.push(frame);
    else this.#events.frame(frame);
  }

  fell(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#events?.closed(undefined);
  }
}

/** Writes in order, one write at a time on a pool thread, so that a host that does not read blocks no other work. */
class PortWriter {
  readonly #fd: number;
  #queue: Uint8Array[] = [];
  #queued = 0;
  #busy = false;
  #generation = 0;
  drained: () => void = () => {};

  constructor(fd: number) {
    this.#fd = fd;
  }

  get full(): boolean {
    return this.#queued >= HIGH_WATER;
  }

  push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#queued += bytes.byteLength;
    this.#next();
  }

  /** Forgets what was meant for a host that is gone. */
  reset(): void {
    this.#queue = [];
    this.#queued = 0;
    this.#generation++;
  }

  #next(): void {
    if (this.#busy || this.#queue.length === 0) return;
    // Small frames leave together: each write is an emulated exit to the host.
    const chunk =
      this.#queue.length === 1
        ? (this.#queue[0] ?? new Uint8Array(0))
        : Buffer.concat(this.#queue.splice(0, joinable(this.#queue)));
    if (this.#queue[0] === chunk) this.#queue.shift();
    this.#busy = true;
    this.#write(chunk, 0, this.#generation);
  }

  #write(chunk: Uint8Array, from: number, generation: number): void {
    write(this.#fd, chunk, from, chunk.byteLength - from, null, (error, written) => {
      if (error !== null && error.code !== 'EAGAIN') written = chunk.byteLength;
      const at = from + (written ?? 0);
      if (at < chunk.byteLength && generation === this.#generation) return this.#write(chunk, at, generation);
      this.#busy = false;
      if (generation === this.#generation) {
        const wasFull = this.full;
        this.#queued -= chunk.byteLength;
        if (wasFull && !this.full) this.drained();
      }
      this.#next();
    });
  }
}

/** How many of the queued pieces make one write of at most about 256 KiB. */
function joinable(queue: Uint8Array[]): number {
  let bytes = 0;
  for (let index = 0; index < queue.length; index++) {
    bytes += queue[index]?.byteLength ?? 0;
    if (bytes > 256 * 1024) return Math.max(1, index);
  }
  return queue.length;
}
