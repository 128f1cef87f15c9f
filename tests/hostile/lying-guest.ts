import type { Entry } from '../../src/exchange/shared/entry.ts';
import { LIMITS } from '../../src/exchange/shared/entry.ts';
import type { GuestTree } from '../../src/exchange/shared/guest-tree.ts';
import { readPaths } from '../../src/exchange/shared/listing.ts';
import { END_RECORD, encodeRecord } from '../../src/exchange/shared/record.ts';
import type { Claim } from './claims.ts';

/** Lies about one answer: bytes of any kind in place of the ones an honest guest would send. */
export interface Lies {
  listing?: ((honest: Uint8Array[]) => Iterable<Uint8Array>) | undefined;
  /** @param asked the paths the host asked for */
  files?: ((honest: Uint8Array[], asked: string[]) => Iterable<Uint8Array>) | undefined;
  taken?: ((honest: Uint8Array[]) => Iterable<Uint8Array>) | undefined;
}

/** A guest that claims what it likes; where it does not lie, it answers as an honest one would for its claims. */
export class LyingGuest implements GuestTree {
  readonly #claims: readonly Claim[];
  readonly #lies: Lies;

  constructor(claims: readonly Claim[], lies: Lies = {}) {
    this.#claims = claims;
    this.#lies = lies;
  }

  async *scan(): AsyncGenerator<Uint8Array> {
    const honest: Uint8Array[] = [encodeRecord({ present: true })];
    for (const { entry } of this.#claims) honest.push(encodeRecord({ entries: [entry] }));
    honest.push(END_RECORD);
    yield* this.#lies.listing?.(honest) ?? honest;
  }

  async *get(paths: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const asked = await readPaths(paths, LIMITS);
    const honest: Uint8Array[] = [];
    for (const { entry, content } of this.#claims) {
      if (asked.includes(entry.path) && content !== undefined) honest.push(sent(entry, content));
    }
    honest.push(END_RECORD);
    yield* this.#lies.files?.(honest, asked) ?? honest;
  }

  async *put(items: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const _ of items) {
      // taken and forgotten
    }
    const honest: Uint8Array[] = [encodeRecord({ present: true }), END_RECORD];
    yield* this.#lies.taken?.(honest) ?? honest;
  }
}

/** One file as it travels. */
export function sent(entry: Entry, content: string, more: Record<string, unknown> = {}): Uint8Array {
  return Buffer.concat([encodeRecord({ op: 'put', entry, ...more }), Buffer.from(content)]);
}

/** A record of any bytes. */
export function rawRecord(bytes: string | Uint8Array): Uint8Array {
  const body = Buffer.from(bytes);
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}
