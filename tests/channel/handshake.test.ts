import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { Connection } from '../../src/channel/connection.ts';
import { encodeHeader, FRAME } from '../../src/channel/frame.ts';
import { FrameDecoder } from '../../src/channel/frame-decoder.ts';
import { PROTOCOL_VERSION, proveAsGuest, proveAsHost } from '../../src/channel/handshake.ts';
import { PREAMBLE } from '../../src/channel/preamble.ts';
import { SocketTransport } from '../../src/channel/socket-transport.ts';
import { socketPair } from './line.ts';

const KEY = randomBytes(32);

/** One hand-made end of the line. */
class Hand {
  readonly #socket: Socket;
  readonly #heard: { wait: Promise<string>; give: (text: string) => void }[] = [];
  #given = 0;
  #taken = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    const decoder = new FrameDecoder();
    socket.on('data', (chunk) => {
      for (const frame of decoder.push(chunk))
        this.#at(this.#given++).give(Buffer.from(frame.payload).toString());
    });
    socket.on('error', () => {});
  }

  #at(index: number) {
    this.#heard[index] ??= (({ promise, resolve }) => ({ wait: promise, give: resolve }))(
      Promise.withResolvers<string>(),
    );
    return this.#heard[index];
  }

  async next(): Promise<Record<string, string>> {
    return JSON.parse(await this.#at(this.#taken++).wait);
  }

  say(...values: unknown[]): void {
    this.#socket.write(Buffer.concat(values.map((value) => frame(FRAME.hello, 0, value))));
  }
}

function frame(kind: (typeof FRAME)[keyof typeof FRAME], stream: number, value: unknown): Buffer {
  const payload = Buffer.from(JSON.stringify(value));
  return Buffer.concat([encodeHeader({ kind, stream, lane: 0, payload }), payload]);
}

function proof(key: Uint8Array, who: string, hostNonce: string, guestNonce: string): string {
  return createHmac('sha256', key)
    .update(`pcoder ${PROTOCOL_VERSION} ${who} ${hostNonce} ${guestNonce}`)
    .digest('hex');
}

async function ends(t: { after(fn: () => void): void }): Promise<[Socket, Socket]> {
  const pair = await socketPair();
  t.after(() => pair.forEach((socket) => void socket.destroy()));
  return pair;
}

describe('the handshake', () => {
  it('succeeds when both ends hold the same key', async (t) => {
    const [near, far] = await ends(t);
    const [host, guest] = await Promise.all([
      proveAsHost(new SocketTransport(near), KEY, 5000),
      proveAsGuest(new SocketTransport(far), KEY),
    ]);
    const guestEnd = new Connection(guest, 'even');
    new Connection(host, 'odd').close();
    assert.equal(await guestEnd.closed, undefined);
  });

  it('finds its way over a line full of what an earlier end left', async (t) => {
    const [near, far] = await ends(t);
    const noise = Buffer.concat([randomBytes(10_000), PREAMBLE.slice(0, 7), PREAMBLE]);
    near.write(noise);
    far.write(noise);
    await Promise.all([
      proveAsHost(new SocketTransport(near, { hunt: true }), KEY, 5000),
      proveAsGuest(new SocketTransport(far, { hunt: true }), KEY),
    ]);
  });

  it('fails at both ends when the keys differ, and the host proves nothing to a stranger', async (t) => {
    const [near, far] = await ends(t);
    const stranger = new Hand(far);
    const host = proveAsHost(new SocketTransport(near), KEY, 5000);
    const { nonce = '' } = await stranger.next();
    const own = randomBytes(32).toString('hex');
    stranger.say({
      version: PROTOCOL_VERSION,
      nonce: own,
      proof: proof(randomBytes(32), 'guest', nonce, own),
    });
    await assert.rejects(host, { code: 'protocol-violation', message: /does not hold this boot key/ });
  });

  it('fails at the guest when the host does not hold the key', async (t) => {
    const [near, far] = await ends(t);
    const stranger = new Hand(near);
    const guest = proveAsGuest(new SocketTransport(far), KEY);
    const nonce = randomBytes(32).toString('hex');
    stranger.say({ version: PROTOCOL_VERSION, nonce });
    const answer = await stranger.next();
    // What the guest itself sent is no proof of the host: the two differ by who speaks.
    stranger.say({ proof: answer['proof'] });
    await assert.rejects(guest, { code: 'protocol-violation' });
  });

  it('refuses a proof seen in an earlier handshake', async (t) => {
    const [first, firstFar] = await ends(t);
    const spy = new Hand(firstFar);
    const own = randomBytes(32).toString('hex');
    const once = proveAsHost(new SocketTransport(first), KEY, 5000);
    const seen = await spy.next();
    const answer = {
      version: PROTOCOL_VERSION,
      nonce: own,
      proof: proof(KEY, 'guest', seen['nonce'] ?? '', own),
    };
    spy.say(answer);
    await once;
    const [again, againFar] = await ends(t);
    const replay = new Hand(againFar);
    const second = proveAsHost(new SocketTransport(again), KEY, 5000);
    await replay.next();
    replay.say(answer);
    await assert.rejects(second, { code: 'protocol-violation' });
  });

  it('keeps the frames that come right behind the proof', async (t) => {
    const [near, far] = await ends(t);
    const hand = new Hand(near);
    const guest = proveAsGuest(new SocketTransport(far), KEY);
    const nonce = randomBytes(32).toString('hex');
    hand.say({ version: PROTOCOL_VERSION, nonce });
    const answer = await hand.next();
    const data = Buffer.from('early');
    near.write(
      Buffer.concat([
        frame(FRAME.hello, 0, { proof: proof(KEY, 'host', nonce, answer['nonce'] ?? '') }),
        frame(FRAME.open, 1, { method: 'm', params: 1 }),
        encodeHeader({ kind: FRAME.data, stream: 1, lane: 0, payload: data }),
        data,
      ]),
    );
    const { promise, resolve } = Promise.withResolvers<string>();
    new Connection(await guest, 'even', (_open, stream) =>
      stream.listen({ data: (chunk) => resolve(String(chunk)) }),
    );
    assert.equal(await promise, 'early');
    near.destroy();
  });

  it('hears of a line that broke right behind the proof', { timeout: 5000 }, async (t) => {
    const [near, far] = await ends(t);
    const hand = new Hand(near);
    const guest = proveAsGuest(new SocketTransport(far), KEY);
    const nonce = randomBytes(32).toString('hex');
    hand.say({ version: PROTOCOL_VERSION, nonce });
    const answer = await hand.next();
    near.write(
      Buffer.concat([
        frame(FRAME.hello, 0, { proof: proof(KEY, 'host', nonce, answer['nonce'] ?? '') }),
        Buffer.alloc(64, 0xee),
      ]),
    );
    assert.ok((await new Connection(await guest, 'even').closed) instanceof Error);
  });

  it('gives up on silence at its deadline', async (t) => {
    const [near] = await ends(t);
    const before = performance.now();
    await assert.rejects(proveAsHost(new SocketTransport(near), KEY, 100), { code: 'guest-unreachable' });
    assert.ok(performance.now() - before < 2000);
  });

  it('gives up at once when the line closes', { timeout: 5000 }, async (t) => {
    const [near, far] = await ends(t);
    far.destroy();
    await assert.rejects(proveAsHost(new SocketTransport(near), KEY, 60_000), { code: 'guest-unreachable' });
  });

  const nonce = 'ab'.repeat(32);
  for (const [what, answer] of [
    ['another version', { version: 99, nonce, proof: nonce }],
    ['no proof', { version: PROTOCOL_VERSION, nonce }],
    ['a short proof', { version: PROTOCOL_VERSION, nonce, proof: 'ab' }],
    ['a proof that is no hex', { version: PROTOCOL_VERSION, nonce, proof: 'zz'.repeat(32) }],
    ['a list', []],
    ['null', null],
  ] as const) {
    it(`refuses ${what}`, async (t) => {
      const [near, far] = await ends(t);
      const hand = new Hand(far);
      const host = proveAsHost(new SocketTransport(near), KEY, 60_000);
      await hand.next();
      hand.say(answer);
      await assert.rejects(host, { code: 'protocol-violation' });
    });
  }

  it('refuses a stream opened instead of an answer', async (t) => {
    const [near, far] = await ends(t);
    const host = proveAsHost(new SocketTransport(near), KEY, 60_000);
    far.write(
      frame(FRAME.open, 2, { method: 'egress', params: {}, version: PROTOCOL_VERSION, nonce, proof: nonce }),
    );
    await assert.rejects(host, { code: 'protocol-violation', message: /handshake/ });
  });
});
