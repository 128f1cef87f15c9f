import { decodeHeader, type Frame, HEADER_BYTES, type Header } from './frame.ts';

/** Cuts a byte stream into frames; holds at most one frame's bytes. */
export class FrameDecoder {
  #header: Header | undefined;
  #chunks: Uint8Array[] = [];
  #held = 0;

  /** The frames completed by these bytes, in order. @throws Fault `protocol-violation` */
  *push(chunk: Uint8Array): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#held += chunk.byteLength;
    for (;;) {
      if (this.#header === undefined) {
        if (this.#held < HEADER_BYTES) return;
        this.#header = decodeHeader(this.#take(HEADER_BYTES));
      }
      const { length, kind, lane, stream } = this.#header;
      if (this.#held < length) return;
      this.#header = undefined;
      yield { kind, lane, stream, payload: this.#take(length) };
    }
  }

  #take(count: number): Uint8Array {
    this.#held -= count;
    const first = this.#chunks[0];
    if (first !== undefined && first.byteLength >= count) {
      if (first.byteLength === count) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(count);
      return first.subarray(0, count);
    }
    const out = Buffer.allocUnsafe(count);
    let at = 0;
    while (at < count) {
      const next = this.#chunks[0];
      if (next === undefined) break;
      const part = next.subarray(0, count - at);
      out.set(part, at);
      at += part.byteLength;
      if (part.byteLength === next.byteLength) this.#chunks.shift();
      else this.#chunks[0] = next.subarray(part.byteLength);
    }
    return out;
  }
}
