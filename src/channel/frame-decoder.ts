import { decodeHeader, FRAME, type Frame, HEADER_BYTES, type Header } from './frame.ts';

/**
 * Cuts a byte stream into frames. Data is handed on in the pieces it comes in, since its frame borders mean nothing: no copy, and no
 * megabytes of half-full frames. Every other frame is handed on whole.
 */
export class FrameDecoder {
  #header: Header | undefined;
  /** of the current frame, bytes still to come */
  #missing = 0;
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
        this.#missing = this.#header.length;
      }
      const { kind, lane, stream } = this.#header;
      const size = kind === FRAME.data ? this.#nextPiece() : this.#missing;
      if (this.#held < size || (size === 0 && this.#missing > 0)) return;
      const payload = this.#take(size);
      this.#missing -= size;
      if (this.#missing === 0) this.#header = undefined;
      yield { kind, lane, stream, payload };
    }
  }

  /** Bytes of the current frame that lie in one piece. */
  #nextPiece(): number {
    return Math.min(this.#missing, this.#chunks[0]?.byteLength ?? 0);
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
    for (let next = this.#chunks[0]; at < count && next !== undefined; next = this.#chunks[0]) {
      const part = next.subarray(0, count - at);
      out.set(part, at);
      at += part.byteLength;
      if (part.byteLength === next.byteLength) this.#chunks.shift();
      else this.#chunks[0] = next.subarray(part.byteLength);
    }
    return out;
  }
}
