import { Fault } from '../../fault/fault.ts';

/** Takes measured amounts from a byte stream that comes in pieces of any size. */
export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Uint8Array = EMPTY;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** Some bytes, at least one and at most `most`; valid until the next call. */
  async some(most: number): Promise<Uint8Array> {
    while (this.#piece.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) throw new Fault('protocol-violation', 'a stream of project files ended early');
      this.#piece = next.value;
    }
    const taken = this.#piece.subarray(0, most);
    this.#piece = this.#piece.subarray(taken.length);
    return taken;
  }

  /** Exactly so many bytes. */
  async exactly(length: number): Promise<Uint8Array> {
    if (length === 0) return EMPTY;
    const first = await this.some(length);
    if (first.length === length) return first;
    const whole = new Uint8Array(length);
    whole.set(first);
    for (let at = first.length; at < length; ) {
      const more = await this.some(length - at);
      whole.set(more, at);
      at += more.length;
    }
    return whole;
  }

  /** What comes next, of any length; undefined at the end. */
  async piece(): Promise<Uint8Array | undefined> {
    const rest = this.#piece;
    this.#piece = EMPTY;
    if (rest.length > 0) return rest;
    const next = await this.#pieces.next();
    return next.done === true ? undefined : next.value;
  }

  /** @throws Fault `protocol-violation` when anything follows */
  async end(): Promise<void> {
    for (;;) {
      if (this.#piece.length > 0)
        throw new Fault('protocol-violation', 'a stream of project files goes on after its end');
      const next = await this.#pieces.next();
      if (next.done === true) return;
      this.#piece = next.value;
    }
  }

  /** Lets the sender know that nothing more is wanted. */
  async release(): Promise<void> {
    await this.#pieces.return?.();
  }
}

const EMPTY = new Uint8Array(0);
