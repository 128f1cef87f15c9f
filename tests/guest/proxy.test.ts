import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Server } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { incoming } from '../../src/channel/byte-flow.ts';
import type { ChannelStream } from '../../src/channel/channel-stream.ts';
import type { Connection } from '../../src/channel/connection.ts';
import { EGRESS, EgressRequest } from '../../src/channel/messages/egress.ts';
import { conversation, serve } from '../../src/channel/methods.ts';
import { Fault } from '../../src/fault/fault.ts';
import { startProxy } from '../../src/guest/proxy.ts';
import { Line } from '../channel/line.ts';

describe('the guest’s proxy', { timeout: 20_000 }, () => {
  const auth = `Proxy-Authorization: Basic ${Buffer.from('s1:secret').toString('base64')}`;
  let proxy: Server;
  let line: Line;
  let host: Connection | undefined;
  let asked: EgressRequest[];
  let answer: (request: EgressRequest, stream: ChannelStream) => Promise<void> | void;

  beforeEach(async () => {
    asked = [];
    answer = echoes;
    line = await Line.join({
      host: serve({
        [EGRESS]: conversation(EgressRequest, (request, stream) => {
          asked.push(request);
          return answer(request, stream);
        }),
      }),
    });
    host = line.guest;
    proxy = startProxy(() => host, 0);
    await once(proxy, 'listening');
  });
  afterEach(async () => {
    proxy.close();
    await line[Symbol.asyncDispose]();
  });

  /** Everything the proxy answers to these bytes, up to its end. */
  async function say(text: string | Buffer, more: { thenEnd?: boolean } = {}): Promise<string> {
    const socket = connect((proxy.address() as AddressInfo).port, '127.0.0.1');
    socket.write(text);
    if (more.thenEnd !== false) socket.end();
    let got = '';
    for await (const chunk of socket) got += chunk.toString('latin1');
    return got;
  }

  async function echoes(_request: EgressRequest, stream: ChannelStream): Promise<void> {
    stream.send({ type: 'connected' });
    for await (const chunk of incoming(stream)) await stream.write(chunk);
    stream.end();
  }

  it('carries what follows CONNECT to the host named, bytes right behind the head included', async () => {
    const got = await say(`CONNECT api.example.com:443 HTTP/1.1\r\n${auth}\r\n\r\nhello`);
    assert.equal(got, 'HTTP/1.1 200 Connection established\r\n\r\nhello');
    assert.deepEqual(asked, [{ host: 'api.example.com', port: 443, session: 's1', token: 'secret' }]);
  });

  it('loses nothing of a server that speaks first', async () => {
    answer = (_request, stream) => {
      stream.listen({});
      stream.send({ type: 'connected' });
      void stream.write(Buffer.from('220 welcome\r\n'));
      stream.end();
    };
    assert.match(
      await say(`CONNECT mail.example.com:25 HTTP/1.1\r\n${auth}\r\n\r\n`),
      /established\r\n\r\n220 welcome\r\n$/,
    );
  });

  it('keeps every byte of megabytes', async () => {
    const body = Buffer.alloc(4_000_000, 'abcdefg');
    const got = await say(
      Buffer.concat([Buffer.from(`CONNECT api.example.com:443 HTTP/1.1\r\n${auth}\r\n\r\n`), body]),
    );
    assert.equal(got.length, 'HTTP/1.1 200 Connection established\r\n\r\n'.length + body.byteLength);
    assert.ok(got.endsWith(body.toString('latin1')));
  });

  it('reaches IPv6 addresses, brackets taken off', async () => {
    await say(`CONNECT [2001:db8::1]:8443 HTTP/1.1\r\n${auth}\r\n\r\n`);
    assert.deepEqual([asked[0]?.host, asked[0]?.port], ['2001:db8::1', 8443]);
  });

  it('sends a plain request on in origin form, its own headers and credentials taken off', async () => {
    const got = await say(
      `POST http://example.com:8080/a/b?c=d HTTP/1.1\r\nHost: other.test\r\n${auth}\r\nProxy-Connection: keep-alive\r\nX-Own: 1\r\nContent-Length: 2\r\n\r\nhi`,
    );
    assert.equal(
      got,
      'POST /a/b?c=d HTTP/1.1\r\nHost: example.com:8080\r\nX-Own: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi',
    );
    assert.deepEqual(asked, [{ host: 'example.com', port: 8080, session: 's1', token: 'secret' }]);
  });

  for (const [what, request] of [
    ['CONNECT', 'CONNECT api.example.com:443 HTTP/1.1\r\n\r\n'],
    ['a plain request', 'GET http://example.com/ HTTP/1.1\r\n\r\n'],
    [
      'another scheme of credentials',
      'CONNECT api.example.com:443 HTTP/1.1\r\nProxy-Authorization: Bearer x\r\n\r\n',
    ],
  ] as const) {
    it(`asks for credentials on ${what} without them, and asks the host nothing`, async () => {
      assert.match(await say(request), /^HTTP\/1\.1 407 [\s\S]*\r\nProxy-Authenticate: Basic /);
      assert.deepEqual(asked, []);
    });
  }

  it('answers 403 with the host’s reason and hint when the host refuses', async () => {
    answer = () => {
      throw new Fault('egress-refused', 'evil.test:443 is not allowed', {
        hint: 'start the session with --allow evil.test:443',
      });
    };
    const got = await say(`CONNECT evil.test:443 HTTP/1.1\r\n${auth}\r\n\r\n`);
    assert.match(
      got,
      /^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*pcoder: evil\.test:443 is not allowed \(start the session with --allow evil\.test:443\)\n$/,
    );
  });

  it('answers 502 when the server does not accept', async () => {
    answer = () => {
      throw new Fault('guest-unreachable', 'example.com:80 did not accept the connection');
    };
    assert.match(await say(`GET http://example.com/ HTTP/1.1\r\n${auth}\r\n\r\n`), /^HTTP\/1\.1 502 /);
  });

  it('answers 503 while no host is connected, and serves again when one is', async () => {
    host = undefined;
    assert.match(await say(`CONNECT api.example.com:443 HTTP/1.1\r\n${auth}\r\n\r\n`), /^HTTP\/1\.1 503 /);
    host = line.guest;
    assert.match(await say(`CONNECT api.example.com:443 HTTP/1.1\r\n${auth}\r\n\r\nx`), / 200 /);
  });

  it('answers an error when the host goes away in the middle of asking it', async () => {
    answer = () => void line.sockets[0].destroy();
    assert.match(await say(`CONNECT api.example.com:443 HTTP/1.1\r\n${auth}\r\n\r\n`), /^HTTP\/1\.1 502 /);
  });

  it('answers 502 to a host that answers something else', async () => {
    answer = (_request, stream) => {
      stream.listen({});
      stream.send({ type: 'what?' });
    };
    assert.match(await say(`CONNECT api.example.com:443 HTTP/1.1\r\n${auth}\r\n\r\n`), /^HTTP\/1\.1 502 /);
  });

  for (const [what, request] of [
    ['an address in origin form', 'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n'],
    ['https in absolute form', 'GET https://example.com/ HTTP/1.1\r\n\r\n'],
    ['CONNECT without a port', 'CONNECT example.com HTTP/1.1\r\n\r\n'],
    ['a folded or nameless header', 'GET http://example.com/ HTTP/1.1\r\n folded\r\n\r\n'],
    ['something that is no HTTP', '\x16\x03\x01\x02\r\n\r\n'],
    ['half a request', 'GET http://exam'],
  ] as const) {
    it(`answers 400 to ${what}`, async () => {
      assert.match(await say(request), /^HTTP\/1\.1 400 /);
      assert.deepEqual(asked, []);
    });
  }

  it('answers 431 to a head without end', async () => {
    assert.match(
      await say(`GET http://example.com/ HTTP/1.1\r\nX: ${'x'.repeat(70_000)}`, { thenEnd: false }),
      /^HTTP\/1\.1 431 /,
    );
  });

  it('closes the way out when the program goes, and the program’s when the server goes', async () => {
    const { promise, resolve } = Promise.withResolvers<Fault | undefined>();
    answer = (_request, stream) => {
      stream.listen({ data: () => {}, closed: resolve });
      stream.send({ type: 'connected' });
    };
    const socket = connect((proxy.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`CONNECT api.example.com:443 HTTP/1.1\r\n${auth}\r\n\r\n`);
    await once(socket, 'data');
    socket.resetAndDestroy();
    assert.ok((await promise) instanceof Fault);
    answer = (_request, stream) => {
      stream.send({ type: 'connected' });
      stream.reset(new Fault('interrupted', 'gone'));
    };
    await say(`CONNECT api.example.com:443 HTTP/1.1\r\n${auth}\r\n\r\n`, { thenEnd: false }).catch(() => {});
  });
});
