import * as z from 'zod/mini';
import { incoming } from '../channel/byte-flow.ts';
import type { ChannelStream } from '../channel/channel-stream.ts';
import type { Connection } from '../channel/connection.ts';
import { GIT_BRING, GIT_PACK, GIT_REFS, GIT_STATE, GitBrought, GitState } from '../channel/messages/git.ts';
import { call } from '../channel/methods.ts';
import type { GuestGit } from '../exchange/git/guest-git.ts';
import { Fault } from '../fault/fault.ts';

/** Milliseconds the guest may be silent in the middle of something: an emulated guest packs a few hundred objects in a second. */
const SILENT = 5 * 60_000;

/** The guest's half of git, reached over the channel. */
export class ChannelGit implements GuestGit {
  readonly #connection: Connection;
  readonly #root: string;

  constructor(connection: Connection, root: string) {
    this.#connection = connection;
    this.#root = root;
  }

  state(): Promise<GitState> {
    return call(this.#connection, GIT_STATE, { root: this.#root }, GitState);
  }

  refs(of: 'all' | 'changed'): AsyncIterable<Uint8Array> {
    const stream = this.#connection.open(GIT_REFS, { root: this.#root, of });
    stream.end();
    return received(stream);
  }

  async bring(delivery: AsyncIterable<Uint8Array>): Promise<GitBrought> {
    const stream = this.#connection.open(GIT_BRING, { root: this.#root });
    const answer = Promise.withResolvers<GitBrought>();
    answer.promise.catch(() => {});
    stream.listen({
      message: (value) => {
        const parsed = z.safeParse(z.object({ reply: GitBrought }), value);
        if (parsed.success) answer.resolve(parsed.data.reply);
        else stream.reset(new Fault('protocol-violation', 'the answer of the guest about git does not fit'));
      },
      closed: (error) =>
        answer.reject(error ?? new Fault('protocol-violation', 'the guest did not answer about git')),
    });
    const limit = silenceLimit(stream);
    try {
      await sendAll(stream, delivery, limit);
      return await answer.promise;
    } finally {
      limit.over();
    }
  }

  async *pack(asked: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const stream = this.#connection.open(GIT_PACK, { root: this.#root });
    const limit = silenceLimit(stream);
    const sent = sendAll(stream, asked, limit);
    // What goes wrong with it ends the stream, and the loop below says so.
    sent.catch(() => {});
    yield* received(stream, limit);
    await sent;
  }
}

interface SilenceLimit {
  heard(): void;
  over(): void;
}

function silenceLimit(stream: ChannelStream): SilenceLimit {
  const timer = setTimeout(
    () => stream.reset(new Fault('guest-unreachable', 'git in the guest was silent for too long')),
    SILENT,
  );
  return { heard: () => void timer.refresh(), over: () => clearTimeout(timer) };
}

/** Whoever stops reading early ends the stream: the guest would wait for credit. */
async function* received(
  stream: ChannelStream,
  limit: SilenceLimit = silenceLimit(stream),
): AsyncGenerator<Uint8Array> {
  let isOver = false;
  try {
    for await (const piece of incoming(stream)) {
      limit.heard();
      yield piece;
    }
    isOver = true;
  } finally {
    limit.over();
    if (!isOver && !stream.closed) stream.reset(new Fault('interrupted', 'the host wants no more of it'));
  }
}

async function sendAll(
  stream: ChannelStream,
  source: AsyncIterable<Uint8Array>,
  limit: SilenceLimit,
): Promise<void> {
  try {
    for await (const piece of source) {
      await stream.write(piece);
      limit.heard();
    }
    stream.end();
  } catch (error) {
    if (!stream.closed)
      stream.reset(error instanceof Fault ? error : new Fault('interrupted', 'the host could not send on'));
    throw error;
  }
}
