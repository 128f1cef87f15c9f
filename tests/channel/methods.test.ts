import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { duplexOf } from '../../src/channel/byte-flow.ts';
import { call, conversation, request, serve } from '../../src/channel/methods.ts';
import { Fault, isFault } from '../../src/fault/fault.ts';
import { Line } from './line.ts';

const Add = z.object({ left: z.int(), right: z.int() });

describe('a call', () => {
  const methods = serve({
    add: request(Add, ({ left, right }) => left + right),
    nothing: request(z.object({}), () => undefined),
    fails: request(z.object({}), () => {
      throw new Fault('disk-full', 'no room', { hint: 'make some' });
    }),
    breaks: request(z.object({}), () => {
      throw new TypeError('x is undefined');
    }),
    huge: request(z.object({}), () => 'x'.repeat(300_000)),
    silent: conversation(z.object({}), (_params, stream) => stream.listen({})),
  });

  it('gives the answer of the method it names', async () => {
    await using line = await Line.join({ guest: methods });
    const sums = await Promise.all(
      Array.from({ length: 50 }, (_, left) => call(line.host, 'add', { left, right: 1 }, z.int())),
    );
    assert.deepEqual(
      sums,
      Array.from({ length: 50 }, (_, left) => left + 1),
    );
    assert.equal(await call(line.host, 'nothing', {}, z.null()), null);
  });

  for (const [what, method, params, reply, expected] of [
    [
      'of a method that does not exist',
      'subtract',
      {},
      z.unknown(),
      { code: 'protocol-violation', message: /subtract/ },
    ],
    ['of a name every object has', 'constructor', {}, z.unknown(), { code: 'protocol-violation' }],
    [
      'with parameters that do not fit',
      'add',
      { left: 'one' },
      z.int(),
      { code: 'protocol-violation', message: /left/ },
    ],
    [
      'whose answer does not fit',
      'add',
      { left: 1, right: 2 },
      z.string(),
      { code: 'protocol-violation', message: /answer to add/ },
    ],
    ['whose method fails', 'fails', {}, z.unknown(), { code: 'disk-full', hint: 'make some' }],
    ['whose method has a defect', 'breaks', {}, z.unknown(), { code: 'internal', message: 'x is undefined' }],
    [
      'whose answer is over the limit',
      'huge',
      {},
      z.unknown(),
      { code: 'protocol-violation', message: /limit/ },
    ],
  ] as const) {
    it(`${what} rejects and leaves the connection up`, { timeout: 5000 }, async () => {
      await using line = await Line.join({ guest: methods });
      await assert.rejects(call(line.host, method, params, reply as z.ZodMiniType), expected);
      assert.equal(await call(line.host, 'add', { left: 1, right: 1 }, z.int()), 2);
    });
  }

  it('nobody answers is given up at its deadline', async () => {
    await using line = await Line.join({ guest: methods });
    await assert.rejects(
      call(line.host, 'silent', {}, z.unknown(), { timeout: 50 }),
      (error) => isFault(error, 'guest-unreachable') && /silent/.test(error.message),
    );
  });

  it('whose method ends without an answer rejects at once', { timeout: 5000 }, async () => {
    await using line = await Line.join({ guest: (_open, stream) => stream.listen({}) ?? stream.end() });
    await assert.rejects(call(line.host, 'mute', {}, z.unknown()), { code: 'protocol-violation' });
  });
});

describe('a stream as a Duplex', () => {
  it('ends cleanly, with all its bytes, although the line is stuffed', { timeout: 10_000 }, async () => {
    const size = 250_000;
    let received = 0;
    const { promise, resolve } = Promise.withResolvers<Fault | undefined>();
    await using line = await Line.join({
      guest: (_open, stream) => {
        stream.listen({
          data: (chunk) => {
            received += chunk.byteLength;
            stream.consumed(chunk.byteLength);
          },
          closed: resolve,
        });
        stream.end();
      },
    });
    const duplex = duplexOf(line.host.open('x', {}));
    duplex.resume();
    await sleep(20);
    // The far end reads nothing for a while: the bytes fill the socket and the end of the stream must wait behind them.
    line.sockets[1].pause();
    duplex.write(Buffer.alloc(size));
    duplex.end();
    await sleep(50);
    line.sockets[1].resume();
    assert.equal(await promise, undefined);
    assert.equal(received, size);
  });

  it('that is destroyed cuts the stream', async () => {
    const { promise, resolve } = Promise.withResolvers<Fault | undefined>();
    await using line = await Line.join({ guest: (_open, stream) => stream.listen({ closed: resolve }) });
    duplexOf(line.host.open('x', {})).destroy();
    assert.equal((await promise)?.code, 'interrupted');
  });

  it('that is cut by the peer is destroyed with the peer’s reason', async () => {
    await using line = await Line.join({
      guest: (_open, stream) => stream.reset(new Fault('egress-refused', 'not allowed')),
    });
    const duplex = duplexOf(line.host.open('x', {}));
    await assert.rejects(
      async () => {
        for await (const _chunk of duplex) assert.fail('nothing was sent');
      },
      { code: 'egress-refused' },
    );
  });
});
