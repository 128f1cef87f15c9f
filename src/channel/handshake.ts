import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import * as z from 'zod/mini';
import { Fault } from '../fault/fault.ts';
import { FRAME, type Frame } from './frame.ts';
import { hex } from './messages/fields.ts';
import type { FrameTransport } from './transport.ts';

/** Raised whenever either end would misread the other. */
export const PROTOCOL_VERSION = 1;
export const BOOT_KEY_BYTES = 32;

const Challenge = z.object({ version: z.number(), nonce: hex(32) });
const Answer = z.object({ version: z.number(), nonce: hex(32), proof: hex(32) });
const Proof = z.object({ proof: hex(32) });

/**
 * The host's half: challenge, check the guest's proof of the boot key, prove ours. Until it resolves nothing else counts.
 * @param timeout milliseconds
 * @returns the transport to go on with; frames that came right behind the proof are kept for its listener
 * @throws Fault `guest-unreachable` (silence), `protocol-violation` (wrong key, wrong version, not our protocol)
 */
export async function proveAsHost(
  transport: FrameTransport,
  key: Uint8Array,
  timeout: number,
): Promise<FrameTransport> {
  const nonce = randomBytes(32).toString('hex');
  const frames = helloFrames(transport, timeout);
  try {
    sendHello(transport, { version: PROTOCOL_VERSION, nonce });
    const answer = check(Answer, await frames.next());
    sameVersion(answer.version);
    if (!equal(answer.proof, proofOf(key, 'guest', nonce, answer.nonce))) throw wrongKey();
    sendHello(transport, { proof: proofOf(key, 'host', nonce, answer.nonce) });
    return frames.proven();
  } finally {
    frames.stopClock();
  }
}

/** The guest's half. Waits without a deadline: the host may come whenever it likes. */
export async function proveAsGuest(transport: FrameTransport, key: Uint8Array): Promise<FrameTransport> {
  const frames = helloFrames(transport, undefined);
  const challenge = check(Challenge, await frames.next());
  sameVersion(challenge.version);
  const nonce = randomBytes(32).toString('hex');
  sendHello(transport, {
    version: PROTOCOL_VERSION,
    nonce,
    proof: proofOf(key, 'guest', challenge.nonce, nonce),
  });
  const proof = check(Proof, await frames.next());
  if (!equal(proof.proof, proofOf(key, 'host', challenge.nonce, nonce))) throw wrongKey();
  return frames.proven();
}

function proofOf(key: Uint8Array, who: 'host' | 'guest', hostNonce: string, guestNonce: string): string {
  return createHmac('sha256', key)
    .update(`pcoder ${PROTOCOL_VERSION} ${who} ${hostNonce} ${guestNonce}`)
    .digest('hex');
}

function equal(left: string, right: string): boolean {
  return timingSafeEqual(Buffer.from(left), Buffer.from(right));
}

function sameVersion(version: number): void {
  if (version === PROTOCOL_VERSION) return;
  throw new Fault(
    'protocol-violation',
    `the guest's agent daemon speaks protocol ${version}, this pcoder speaks ${PROTOCOL_VERSION}`,
    {
      hint: 'pcoder stop && pcoder start',
    },
  );
}

function wrongKey(): Fault {
  return new Fault('protocol-violation', 'the other end of the channel does not hold this boot key', {
    hint: 'pcoder stop && pcoder start',
  });
}

function sendHello(transport: FrameTransport, value: unknown): void {
  transport.send({ kind: FRAME.hello, lane: 0, stream: 0, payload: Buffer.from(JSON.stringify(value)) });
}

function check<T>(schema: z.core.$ZodType<T>, frame: Frame): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(frame.payload).toString());
  } catch {
    value = undefined;
  }
  const parsed = z.safeParse(schema, value);
  if (frame.kind !== FRAME.hello || !parsed.success)
    throw new Fault('protocol-violation', 'the channel did not begin with a handshake');
  return parsed.data;
}

/** The frames as they come, one `next` at a time, until `proven` leaves the transport to its next listener. */
function helloFrames(transport: FrameTransport, timeout: number | undefined) {
  const { promise: failed, reject } = Promise.withResolvers<never>();
  failed.catch(() => {});
  const queue: Frame[] = [];
  let wake: (() => void) | undefined;
  let fallen: { error: Error | undefined } | undefined;
  const timer =
    timeout === undefined
      ? undefined
      : setTimeout(
          () =>
            reject(
              new Fault('guest-unreachable', `the agent daemon did not answer within ${timeout / 1000} s`),
            ),
          timeout,
        );
  transport.listen({
    frame: (frame) => {
      queue.push(frame);
      wake?.();
    },
    drain: () => {},
    closed: (error) => {
      fallen = { error };
      reject(new Fault('guest-unreachable', 'the channel closed during the handshake', { cause: error }));
    },
  });
  return {
    async next(): Promise<Frame> {
      for (;;) {
        const frame = queue.shift();
        if (frame !== undefined) return frame;
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        await Promise.race([promise, failed]);
      }
    },
    stopClock: () => clearTimeout(timer),
    proven(): FrameTransport {
      return {
        listen(events) {
          transport.listen(events);
          for (const frame of queue.splice(0)) events.frame(frame);
          // Bytes right behind the proof may have ended it before anybody listened.
          if (fallen !== undefined) events.closed(fallen.error);
        },
        send: (frame) => transport.send(frame),
        close: () => transport.close(),
      };
    },
  };
}
