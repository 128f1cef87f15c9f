import * as z from 'zod/mini';
import { incoming } from '../channel/byte-flow.ts';
import type { ChannelStream } from '../channel/channel-stream.ts';
import type { Connection } from '../channel/connection.ts';
import {
  EXCHANGE_GET,
  EXCHANGE_PUT,
  EXCHANGE_SCAN,
  EXCHANGE_WATCH,
  type ExchangeRequest,
  WatchEvent,
} from '../channel/messages/exchange.ts';
import type { GuestTree } from '../exchange/shared/guest-tree.ts';
import type { ListingRequest } from '../exchange/shared/listing.ts';
import { Fault } from '../fault/fault.ts';

/** The guest's copy of a project, reached over the channel. */
export class ChannelTree implements GuestTree {
  readonly #connection: Connection;
  readonly #request: ExchangeRequest;

  constructor(connection: Connection, request: ExchangeRequest) {
    this.#connection = connection;
    this.#request = request;
  }

  scan({ since, noticed }: ListingRequest): AsyncIterable<Uint8Array> {
    const stream = this.#connection.open(EXCHANGE_SCAN, { ...this.#request, since, noticed });
    stream.end();
    return incoming(stream);
  }

  get(paths: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return exchange(this.#connection.open(EXCHANGE_GET, this.#request), paths);
  }

  put(items: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return exchange(this.#connection.open(EXCHANGE_PUT, this.#request), items);
  }
}

/**
 * Lets the guest tell when something changes in its copy.
 * @param noticed called once for all changes until the next scan
 * @param blind called when the guest can notice nothing, with its reason; it is shown, so it is the guest's word
 * @returns what ends it
 */
export function watchGuest(
  connection: Connection,
  request: ExchangeRequest,
  { noticed, blind }: { noticed(): void; blind(reason: string): void },
): () => void {
  const stream = connection.open(EXCHANGE_WATCH, request);
  let ended = false;
  stream.listen({
    message: (value) => {
      const event = z.safeParse(WatchEvent, value);
      if (!event.success)
        return stream.reset(
          new Fault('protocol-violation', 'the agent daemon told of a change in a form that does not fit'),
        );
      if (event.data.blind !== undefined) blind(event.data.blind);
      noticed();
    },
    closed: (error) => {
      if (error !== undefined && !ended) blind(error.message);
    },
  });
  return () => {
    ended = true;
    if (!stream.closed) stream.reset(new Fault('interrupted', 'nobody wants to know any more'));
  };
}

/** Sends while receiving: either side may begin before the other is done. */
async function* exchange(
  stream: ChannelStream,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const sent = send(stream, source);
  // A failure to send ends the stream, which ends the loop below; it is thrown after it.
  sent.catch(() => {});
  yield* incoming(stream);
  await sent;
}

async function send(stream: ChannelStream, source: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of source) await stream.write(chunk);
    stream.end();
  } catch (error) {
    stream.reset(
      error instanceof Fault
        ? error
        : new Fault('exchange-refused', 'the project could not be read', { cause: error }),
    );
    throw error;
  }
}
