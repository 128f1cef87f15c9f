import { incoming } from '../channel/byte-flow.ts';
import type { ChannelStream } from '../channel/channel-stream.ts';
import type { Connection } from '../channel/connection.ts';
import {
  EXCHANGE_FILL,
  EXCHANGE_GET,
  EXCHANGE_PUT,
  EXCHANGE_SCAN,
  type ExchangeRequest,
} from '../channel/messages/exchange.ts';
import type { GuestTree } from '../exchange/shared/guest-tree.ts';
import { Fault } from '../fault/fault.ts';

/** The guest's copy of a project, reached over the channel. */
export class ChannelTree implements GuestTree {
  readonly #connection: Connection;
  readonly #request: ExchangeRequest;

  constructor(connection: Connection, request: ExchangeRequest) {
    this.#connection = connection;
    this.#request = request;
  }

  scan(rules: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return exchange(this.#connection.open(EXCHANGE_SCAN, this.#request), rules);
  }

  get(paths: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return exchange(this.#connection.open(EXCHANGE_GET, this.#request), paths);
  }

  put(items: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return exchange(this.#connection.open(EXCHANGE_PUT, this.#request), items);
  }

  fill(tree: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return exchange(this.#connection.open(EXCHANGE_FILL, this.#request), tree);
  }
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
