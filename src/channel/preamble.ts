/**
 * Begins every connection over a line that outlives its ends (a virtio port): whoever reads throws away what an earlier end left half
 * sent until these bytes appear.
 */
export const PREAMBLE = Uint8Array.from(Buffer.from('\x00\xffPCODER\x01channel', 'latin1'));

/** Finds the preamble in bytes that come in pieces. */
export class PreambleHunter {
  #matched = 0;

  /** Index just behind the preamble, or undefined while it has not been seen whole. */
  find(bytes: Uint8Array): number | undefined {
    for (let index = 0; index < bytes.byteLength; index++) {
      const byte = bytes[index];
      // The first byte appears nowhere else in the preamble, so a failed match can only restart at this byte.
      if (byte === PREAMBLE[this.#matched]) this.#matched++;
      else this.#matched = byte === PREAMBLE[0] ? 1 : 0;
      if (this.#matched === PREAMBLE.byteLength) {
        this.#matched = 0;
        return index + 1;
      }
    }
    return undefined;
  }
}
