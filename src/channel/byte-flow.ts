import { Duplex } from 'node:stream';
import { Fault } from '../fault/fault.ts';
import type { ChannelStream } from './channel-stream.ts';

/** A stream whose lane 0 is one byte stream each way, as Node's Duplex: for TCP connections carried over the channel. */
export function duplexOf(stream: ChannelStream): Duplex {
  let held = 0;
  let peerEnded = false;
  const duplex = new Duplex({
    allowHalfOpen: true,
    // Called once the reader wants more: only then is what it had buffered dealt with.
    read: () => {
      stream.consumed(held);
      held = 0;
    },
    write: (chunk: Buffer, _encoding, done) => {
      stream.write(chunk).then(() => done(), done);
    },
    final: (done) => {
      stream.end();
      done();
    },
    destroy: (error, done) => {
      // Ended both ways: the end may still wait for its turn, and a reset would overtake it.
      const isOver = peerEnded && duplex.writableFinished;
      if (!stream.closed && !isOver)
        stream.reset(error instanceof Fault ? error : new Fault('interrupted', 'the connection was closed'));
      done(error);
    },
  });
  stream.listen({
    data: (chunk) => {
      if (duplex.push(chunk)) stream.consumed(chunk.byteLength);
      else held += chunk.byteLength;
    },
    end: () => {
      peerEnded = true;
      duplex.push(null);
    },
    closed: (error) => {
      if (error !== undefined) duplex.destroy(error);
    },
  });
  return duplex;
}

/** The bytes of lane 0 as they come, credit given back as they are taken. Messages go to `onMessage`. */
export async function* incoming(
  stream: ChannelStream,
  onMessage: (value: unknown) => void = () => {},
): AsyncGenerator<Uint8Array> {
  const queue: Uint8Array[] = [];
  let state: 'open' | 'ended' = 'open';
  let failure: Fault | undefined;
  let wake = () => {};
  stream.listen({
    message: onMessage,
    data: (chunk) => {
      queue.push(chunk);
      wake();
    },
    end: () => {
      state = 'ended';
      wake();
    },
    closed: (error) => {
      failure = error;
      state = 'ended';
      wake();
    },
  });
  for (;;) {
    const chunk = queue.shift();
    if (chunk !== undefined) {
      yield chunk;
      stream.consumed(chunk.byteLength);
    } else if (failure !== undefined) {
      throw failure;
    } else if ((state as string) === 'ended') {
      return;
    } else {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}
