/** Gathers small pieces into large ones: each piece handed on costs a frame of the channel. */
export class ByteWriter {
  readonly #full: Uint8Array[] = [];
  #buffer: Buffer | undefined;
  #used = 0;

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const room = this.room();
      const part = bytes.subarray(at, at + room.length);
      room.set(part);
      this.wrote(part.length);
      at += part.length;
    }
  }

  /** Free space to be written to directly, at least one byte; follow with `wrote`. */
  room(): Buffer {
    this.#buffer ??= Buffer.allocUnsafeSlow(PIECE);
    return this.#buffer.subarray(this.#used);
  }

  wrote(length: number): void {
    this.#used += length;
    if (this.#used === PIECE) this.#cut();
  }

  /** The pieces that are full. */
  *full(): Generator<Uint8Array> {
    for (let piece = this.#full.shift(); piece !== undefined; piece = this.#full.shift()) yield piece;
  }

  /** Those and the rest. */
  *rest(): Generator<Uint8Array> {
    if (this.#used > 0) this.#cut();
    yield* this.full();
  }

  #cut(): void {
    if (this.#buffer !== undefined) this.#full.push(this.#buffer.subarray(0, this.#used));
    this.#buffer = undefined;
    this.#used = 0;
  }
}

/** The frame size the channel was measured to be fastest with. */
const PIECE = 256 * 1024;
