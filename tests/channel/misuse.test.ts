import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { incoming } from '../../src/channel/byte-flow.ts';
import { type ChannelStream, WINDOW } from '../../src/channel/channel-stream.ts';
import { Connection, type Open } from '../../src/channel/connection.ts';
import { encodeHeader, FRAME, type Frame, MAX_JSON, MAX_PAYLOAD } from '../../src/channel/frame.ts';
import { FrameDecoder } from '../../src/channel/frame-decoder.ts';
import { SocketTransport } from '../../src/channel/socket-transport.ts';
import { isFault } from '../../src/fault/fault.ts';
import { Line, socketPair } from './line.ts';

/** A connection whose peer may send whatever it likes. */
class Scene implements AsyncDisposable {
  readonly connection: Connection;
  readonly peer: Socket;
  readonly told: Frame[] = [];
  readonly opened: [Open, ChannelStream][] = [];

  private constructor([near, far]: [Socket, Socket]) {
    this.peer = far;
    const decoder = new FrameDecoder();
    far.on('data', (chunk) => this.told.push(...decoder.push(chunk)));
    far.on('error', () => {});
    this.connection = new Connection(new SocketTransport(near), 'odd', (open, stream) =>
      this.opened.push([open, stream]),
    );
  }

  static async set(): Promise<Scene> {
    return new Scene(await socketPair());
  }

  send(kind: number, stream: number, payload: string | Uint8Array = '', lane = 0): void {
    const bytes = Buffer.from(payload);
    this.peer.write(
      Buffer.concat([encodeHeader({ kind: kind as Frame['kind'], stream, lane, payload: bytes }), bytes]),
    );
  }

  resets(): string[] {
    return this.told
      .filter(({ kind }) => kind === FRAME.reset)
      .map(({ payload }) => JSON.parse(Buffer.from(payload).toString()).message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.peer.destroy();
    await this.connection.closed;
  }
}

const OPEN = '{"method":"m","params":{}}';
const FATAL: [string, (scene: Scene) => void][] = [
  ['opens a number of ours', (scene) => scene.send(FRAME.open, 3, OPEN)],
  ['opens number 0, which is the connection itself', (scene) => scene.send(FRAME.open, 0, OPEN)],
  ['opens the same number twice', (scene) => [1, 2].map(() => scene.send(FRAME.open, 2, OPEN))],
  ['opens without a method', (scene) => scene.send(FRAME.open, 2, '{"params":{}}')],
  ['opens with a method that is no text', (scene) => scene.send(FRAME.open, 2, '{"method":[],"params":{}}')],
  ['opens with null', (scene) => scene.send(FRAME.open, 2, 'null')],
  ['opens with garbage', (scene) => scene.send(FRAME.open, 2, '\x00\xff{{')],
  [
    'sends a message that is no JSON',
    (scene) => scene.send(FRAME.open, 2, OPEN) ?? scene.send(FRAME.message, 2, '{"a":'),
  ],
  [
    'sends a credit of three bytes',
    (scene) => scene.send(FRAME.open, 2, OPEN) ?? scene.send(FRAME.credit, 2, 'abc'),
  ],
  [
    'sends a handshake inside a stream',
    (scene) => scene.send(FRAME.open, 2, OPEN) ?? scene.send(FRAME.hello, 2, '{}'),
  ],
  ['sends a frame over the limit', (scene) => scene.send(FRAME.data, 2, new Uint8Array(MAX_PAYLOAD + 1))],
  ['sends what is no frame', (scene) => scene.peer.write('GET / HTTP/1.1\r\n\r\n')],
];

describe('a peer that', () => {
  for (const [what, misbehave] of FATAL) {
    it(`${what} loses the connection, and what waited hears of it`, { timeout: 5000 }, async () => {
      await using scene = await Scene.set();
      const waiting = scene.connection.open('wait', {});
      const fell = new Promise((resolve) => waiting.listen({ closed: resolve }));
      misbehave(scene);
      assert.ok((await scene.connection.closed) instanceof Error);
      assert.ok(isFault(await fell, 'guest-unreachable'));
      assert.equal(scene.connection.down, true);
      assert.throws(() => scene.connection.open('more', {}), { code: 'guest-unreachable' });
    });
  }

  it('sends more than its credit loses that stream only', { timeout: 5000 }, async () => {
    await using scene = await Scene.set();
    scene.send(FRAME.open, 2, OPEN);
    scene.send(FRAME.open, 4, OPEN);
    for (let sent = 0; sent <= WINDOW; sent += MAX_PAYLOAD)
      scene.send(FRAME.data, 2, new Uint8Array(MAX_PAYLOAD));
    await until(() => scene.resets().length > 0);
    assert.match(scene.resets()[0] ?? '', /credit/);
    assert.deepEqual(
      scene.opened.map(([, stream]) => stream.closed),
      [true, false],
    );
    assert.equal(scene.connection.down, false);
  });

  it('opens too many streams is refused the surplus, and gets new ones when old ones end', {
    timeout: 5000,
  }, async () => {
    await using scene = await Scene.set();
    for (let number = 1; number <= 1030; number++) scene.send(FRAME.open, number * 2, OPEN);
    await until(() => scene.resets().length === 6);
    assert.equal(scene.opened.length, 1024);
    scene.send(FRAME.reset, 2, '{}');
    scene.send(FRAME.open, 4000, OPEN);
    await until(() => scene.opened.length === 1025);
  });

  it('speaks of streams that do not exist is not heard', async () => {
    await using scene = await Scene.set();
    for (const kind of [FRAME.message, FRAME.data, FRAME.credit, FRAME.end, FRAME.reset])
      scene.send(kind, 77, 'x');
    scene.send(FRAME.open, 2, OPEN);
    await until(() => scene.opened.length === 1);
    assert.equal(scene.connection.down, false);
  });

  it('cuts a stream without a readable reason still cuts it', async () => {
    await using scene = await Scene.set();
    scene.send(FRAME.open, 2, OPEN);
    await until(() => scene.opened.length === 1);
    const reason = new Promise((resolve) => scene.opened[0]?.[1].listen({ closed: resolve }));
    scene.send(FRAME.reset, 2, '{{{');
    assert.ok(isFault(await reason, 'protocol-violation'));
  });

  it('opens streams after we have closed is not served', async () => {
    await using scene = await Scene.set();
    scene.connection.close();
    scene.send(FRAME.open, 2, OPEN);
    await sleep(30);
    assert.equal(scene.opened.length, 0);
  });
});

describe('what does not fit into a frame', () => {
  const big = 'x'.repeat(MAX_JSON);

  it('is refused where it is sent, and the connection lives on', async () => {
    await using line = await Line.join({
      guest: (_open, stream) => stream.listen({ end: () => stream.end() }),
    });
    assert.throws(() => line.host.open('big', { big }), { code: 'protocol-violation' });
    const stream = line.host.open('small', {});
    assert.throws(() => stream.send(big), { code: 'protocol-violation' });
    const closed = new Promise((resolve) => stream.listen({ closed: resolve }));
    stream.end();
    assert.equal(await closed, undefined);
    assert.equal(line.host.down, false);
  });

  it('in the reason of a reset is shortened, not lost', async () => {
    const { Fault } = await import('../../src/fault/fault.ts');
    const long = Array.from({ length: 300 }, () => 'y'.repeat(1900)).join('\n');
    await using line = await Line.join({
      guest: (_open, stream) =>
        stream.reset(new Fault('build-failed', long, { hint: long, cause: new Error(long) })),
    });
    const told = await new Promise((resolve) => line.host.open('x', {}).listen({ closed: resolve }));
    assert.ok(
      isFault(told, 'build-failed') && told.message.startsWith('yyy') && told.hint?.startsWith('yyy'),
    );
    assert.equal(line.host.down, false);
  });
});

describe('when the transport falls', () => {
  it('nothing that waits is left hanging', { timeout: 5000 }, async () => {
    const { call } = await import('../../src/channel/methods.ts');
    await using line = await Line.join({ guest: (_open, stream) => stream.listen({}) });
    const reading = (async () => {
      for await (const _chunk of incoming(line.host.open('read', {}))) assert.fail('nothing was sent');
    })();
    const writing = line.host.open('write', {}).write(Buffer.alloc(64 * WINDOW));
    const asking = call(line.host, 'ask', {}, z.unknown());
    const ends = Promise.allSettled([reading, writing, asking]);
    line.sockets[1].destroy();
    for (const end of await ends)
      assert.ok(end.status === 'rejected' && isFault(end.reason, 'guest-unreachable'), JSON.stringify(end));
    await line.guest.closed;
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2);
}
