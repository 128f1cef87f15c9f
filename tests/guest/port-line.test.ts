import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { incoming } from '../../src/channel/byte-flow.ts';
import { Connection } from '../../src/channel/connection.ts';
import { encodeHeader, FRAME, MAX_PAYLOAD } from '../../src/channel/frame.ts';
import { PREAMBLE } from '../../src/channel/preamble.ts';
import { SocketTransport } from '../../src/channel/socket-transport.ts';

describe('the guest’s end of the line', { timeout: 30_000 }, () => {
  let guest: ChildProcess;
  let port: Duplex;

  beforeEach(() => {
    guest = fork(join(import.meta.dirname, 'port-end.ts'), {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'ipc'],
      execArgv: ['--no-warnings'],
    });
    port = guest.stdio[3] as Duplex;
    port.on('error', () => {});
  });
  afterEach(async () => {
    guest.kill('SIGKILL');
    // `cat` ends with the line it reads.
    port.destroy();
    await once(guest, 'exit');
  });

  /** A host comes: what an earlier one left half sent is filled up with zeros, as machine/qemu/link.ts does. */
  function come(resumed: boolean): Connection {
    port.removeAllListeners('data');
    const transport = new SocketTransport(port, { hunt: true });
    if (resumed) port.write(Buffer.alloc(MAX_PAYLOAD));
    port.write(PREAMBLE);
    return new Connection(transport, 'odd');
  }

  async function echoed(connection: Connection, bytes: Buffer): Promise<{ host: unknown; digest: string }> {
    const stream = connection.open('echo', {});
    let host: unknown;
    const hash = createHash('sha256');
    const sent = stream.write(bytes).then(() => stream.end());
    for await (const chunk of incoming(stream, (value) => (host = (value as { host: number }).host)))
      hash.update(chunk);
    await sent;
    return { host, digest: hash.digest('hex') };
  }

  it('carries megabytes both ways without a byte lost', async () => {
    const bytes = randomBytes(5_000_003);
    assert.deepEqual(await echoed(come(false), bytes), {
      host: 1,
      digest: createHash('sha256').update(bytes).digest('hex'),
    });
  });

  it('serves a second host after the first left in the middle of a frame, and tells them apart', async () => {
    const bytes = randomBytes(100_000);
    const digest = createHash('sha256').update(bytes).digest('hex');
    assert.deepEqual(await echoed(come(false), bytes), { host: 1, digest });
    for (const kind of [FRAME.data, FRAME.message])
      port.write(
        Buffer.concat([
          encodeHeader({ kind, lane: 0, stream: 9, payload: Buffer.alloc(kind === FRAME.data ? 4 : 90_000) }),
          Buffer.from('half'),
        ]),
      );
    assert.deepEqual(await echoed(come(true), bytes), { host: 2, digest });
  });

  it('serves a second host that comes while the first has a stream open', async () => {
    const stream = come(false).open('echo', {});
    await new Promise<void>((resolve) => stream.listen({ message: () => resolve() }));
    await stream.write(Buffer.alloc(1000));
    await sleep(50);
    assert.equal((await echoed(come(true), Buffer.alloc(10))).host, 2);
  });

  it('finds its host behind any noise', async () => {
    port.write(Buffer.concat([randomBytes(20_000), PREAMBLE.slice(0, 5), Buffer.alloc(3)]));
    assert.equal((await echoed(come(false), Buffer.from('x'))).host, 1);
  });

  it('finds the next host after one that speaks no protocol', async () => {
    await echoed(come(false), Buffer.from('x'));
    port.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await sleep(50);
    assert.equal((await echoed(come(true), Buffer.from('x'))).host, 2);
  });
});
