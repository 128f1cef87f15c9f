import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { incoming } from '../../src/channel/byte-flow.ts';
import { type ChannelStream, WINDOW } from '../../src/channel/channel-stream.ts';
import { Fault } from '../../src/fault/fault.ts';
import { Line } from './line.ts';

describe('a stream', () => {
  it('carries messages and bytes in the order they were sent, lanes kept apart', async () => {
    const seen: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    await using line = await Line.join({
      guest: (open, stream) => {
        seen.push(`open ${open.method} ${JSON.stringify(open.params)}`);
        stream.listen({
          message: (value) => seen.push(`message ${value}`),
          data: (chunk, lane) => seen.push(`data ${lane} ${chunk}`),
          end: () => {
            seen.push('end');
            resolve();
          },
        });
      },
    });
    const stream = line.host.open('greet', { to: 'ä' });
    stream.send('one');
    void stream.write(Buffer.from('two'), 1);
    stream.send('three');
    void stream.write(Buffer.from('four'));
    stream.end();
    await promise;
    assert.deepEqual(seen, [
      'open greet {"to":"ä"}',
      'message one',
      'data 1 two',
      'message three',
      'data 0 four',
      'end',
    ]);
  });

  it('keeps every byte of several megabytes, both ways at once', { timeout: 20_000 }, async () => {
    await using line = await Line.join({ guest: (_open, stream) => void echo(stream) });
    const sent = randomBytes(6 * 2 ** 20 + 13);
    const stream = line.host.open('echo', {});
    const writing = (async () => {
      for (let at = 0; at < sent.byteLength; at += 700_001)
        await stream.write(sent.subarray(at, at + 700_001));
      stream.end();
    })();
    const hash = createHash('sha256');
    for await (const chunk of incoming(stream)) hash.update(chunk);
    await writing;
    assert.equal(hash.digest('hex'), createHash('sha256').update(sent).digest('hex'));
  });

  it('that nobody reads holds back its writer at the window, and only its own', {
    timeout: 20_000,
  }, async () => {
    const streams = new Map<string, ChannelStream>();
    let held = 0;
    const arrived = { brisk: 0 };
    await using line = await Line.join({
      guest: (open, stream) => {
        streams.set(open.method, stream);
        stream.listen({
          data: (chunk) => {
            if (open.method === 'slow') {
              held += chunk.byteLength;
              return;
            }
            arrived.brisk += chunk.byteLength;
            stream.consumed(chunk.byteLength);
          },
        });
      },
    });
    const slow = line.host.open('slow', {});
    const brisk = line.host.open('brisk', {});
    let slowDone = false;
    const stuck = slow.write(Buffer.alloc(3 * WINDOW)).then(() => {
      slowDone = true;
    });
    await brisk.write(Buffer.alloc(5 * WINDOW));
    await until(() => arrived.brisk === 5 * WINDOW);
    assert.equal(held, WINDOW);
    assert.equal(slowDone, false);
    // The reader catches up: the rest comes.
    for (let given = 0; given < 3; given++) {
      streams.get('slow')?.consumed(WINDOW);
      await until(() => held === Math.min(3, given + 2) * WINDOW);
    }
    await stuck;
  });

  it('can be told something urgent while its bytes wait for credit', async () => {
    const heard: unknown[] = [];
    await using line = await Line.join({
      guest: (_open, stream) => stream.listen({ message: (value) => heard.push(value), data: () => {} }),
    });
    const stream = line.host.open('deaf', {});
    stream.write(Buffer.alloc(2 * WINDOW)).catch(() => {});
    stream.sendAhead('interrupt');
    await until(() => heard.length === 1);
    assert.deepEqual(heard, ['interrupt']);
  });

  it('does not starve nine others: ten that send at once advance alike', { timeout: 20_000 }, async () => {
    const received = new Map<string, number>();
    let worst = 0;
    await using line = await Line.join({
      guest: (open, stream) => {
        received.set(open.method, 0);
        stream.listen({
          data: (chunk) => {
            received.set(open.method, (received.get(open.method) ?? 0) + chunk.byteLength);
            stream.consumed(chunk.byteLength);
            const amounts = [...received.values()];
            if (amounts.every((amount) => amount < size))
              worst = Math.max(worst, Math.max(...amounts) - Math.min(...amounts));
          },
        });
      },
    });
    const size = 2 * WINDOW;
    const streams = Array.from({ length: 10 }, (_, index) => line.host.open(`s${index}`, {}));
    await until(() => received.size === 10);
    await Promise.all(streams.map((stream) => stream.write(Buffer.alloc(size))));
    await until(() => [...received.values()].every((amount) => amount === size));
    // A window is what one may be ahead while another waits for credit.
    assert.ok(worst <= WINDOW, `${worst} bytes apart`);
  });

  it('delivers to a late listener what came before, its end included', async () => {
    const { promise, resolve } = Promise.withResolvers<ChannelStream>();
    await using line = await Line.join({ guest: (_open, stream) => resolve(stream) });
    const stream = line.host.open('late', {});
    stream.send(1);
    await stream.write(Buffer.from('x'));
    stream.end();
    const far = await promise;
    await sleep(20);
    const seen: unknown[] = [];
    far.listen({
      message: (value) => seen.push(value),
      data: (chunk) => seen.push(String(chunk)),
      end: () => seen.push('end'),
    });
    assert.deepEqual(seen, [1, 'x', 'end']);
  });
});

describe('the end of a stream', () => {
  it('is clean when both sides have ended, and either may go on until then', async () => {
    const seen: string[] = [];
    const { promise, resolve } = Promise.withResolvers<unknown>();
    await using line = await Line.join({
      guest: (_open, stream) =>
        stream.listen({
          end: () => {
            stream.send('still here');
            stream.end();
          },
          closed: resolve,
        }),
    });
    const stream = line.host.open('x', {});
    const closed = new Promise((done) =>
      stream.listen({
        message: (value) => seen.push(String(value)),
        end: () => seen.push('end'),
        closed: done,
      }),
    );
    stream.end();
    assert.deepEqual([await closed, await promise], [undefined, undefined]);
    assert.deepEqual(seen, ['still here', 'end']);
    assert.equal(stream.closed, true);
    await assert.rejects(stream.write(Buffer.from('late')), { code: 'guest-unreachable' });
  });

  it('by a reset tells the peer why and rejects what was not yet written', async () => {
    const { promise, resolve } = Promise.withResolvers<Fault | undefined>();
    await using line = await Line.join({
      guest: (_open, stream) => stream.listen({ data: () => {}, closed: resolve }),
    });
    const stream = line.host.open('x', {});
    const stuck = stream.write(Buffer.alloc(2 * WINDOW));
    stream.reset(new Fault('disk-full', 'no room', { hint: 'make some', cause: new Error('deep') }));
    stream.reset(new Fault('internal', 'a second time says nothing'));
    await assert.rejects(stuck, { code: 'disk-full' });
    const told = await promise;
    assert.deepEqual(
      [told?.code, told?.message, told?.hint, (told?.cause as Error | undefined)?.message],
      ['disk-full', 'no room', 'make some', 'deep'],
    );
  });

  it('leaves the connection as it was: others go on, numbers are not used again', async () => {
    await using line = await Line.join({ guest: (_open, stream) => void echo(stream) });
    const first = line.host.open('echo', {});
    first.reset(new Fault('interrupted', 'enough'));
    const second = line.host.open('echo', {});
    assert.notEqual(first.id, second.id);
    await second.write(Buffer.from('hello'));
    second.end();
    let text = '';
    for await (const chunk of incoming(second)) text += chunk;
    assert.equal(text, 'hello');
  });
});

async function echo(stream: ChannelStream): Promise<void> {
  try {
    for await (const chunk of incoming(stream)) await stream.write(chunk);
    stream.end();
  } catch {
    // Cut on purpose by some of the tests.
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2);
}
