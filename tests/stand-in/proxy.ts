import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { HOST_NAME } from '../../src/tools/profile.ts';

/** One thing a client asked the proxy for. */
export interface Asked {
  method: string;
  /** absolute form, or `host:port` for CONNECT */
  target: string;
  authorized: boolean;
}

export interface StandInProxy {
  /** with its user and password, for HTTP_PROXY */
  url: string;
  asked: readonly Asked[];
  close(): Promise<void>;
}

/**
 * A loopback HTTP proxy that wants a password and reaches only `host.pcoder.internal`, which it takes for this host's
 * loopback: what the egress proxy is to a tool in the guest.
 */
export async function startStandInProxy(): Promise<StandInProxy> {
  const expected = `Basic ${Buffer.from('session:token').toString('base64')}`;
  const asked: Asked[] = [];
  const admit = (incoming: IncomingMessage): number => {
    const authorized = incoming.headers['proxy-authorization'] === expected;
    const target = incoming.url ?? '';
    asked.push({ method: incoming.method ?? '', target, authorized });
    if (!authorized) return 407;
    return new URL(target.includes('://') ? target : `tcp://${target}`).hostname === HOST_NAME ? 200 : 403;
  };
  const server = createServer((incoming, response) => forward(incoming, response, admit(incoming)));
  server.on('connect', (incoming: IncomingMessage, socket: Duplex, head: Buffer) =>
    tunnel(incoming, socket, head, admit(incoming)),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no TCP address');
  return {
    url: `http://session:token@127.0.0.1:${address.port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const ASK = { 'proxy-authenticate': 'Basic realm="pcoder"' };

function forward(incoming: IncomingMessage, response: ServerResponse, status: number): void {
  if (status !== 200) {
    response.writeHead(status, status === 407 ? ASK : {}).end();
    return;
  }
  const { port, pathname, search } = new URL(incoming.url ?? '');
  const { 'proxy-authorization': _, ...headers } = incoming.headers;
  const upstream = httpRequest(
    { host: '127.0.0.1', port, path: pathname + search, method: incoming.method, headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  upstream.on('error', () => response.destroy());
  incoming.pipe(upstream);
}

function tunnel(incoming: IncomingMessage, socket: Duplex, head: Buffer, status: number): void {
  socket.on('error', () => undefined);
  if (status !== 200) {
    const ask = status === 407 ? 'proxy-authenticate: Basic realm="pcoder"\r\n' : '';
    socket.end(`HTTP/1.1 ${status} refused\r\n${ask}content-length: 0\r\n\r\n`);
    return;
  }
  const upstream = connect(Number((incoming.url ?? '').split(':').at(-1)), '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 ok\r\n\r\n');
    upstream.write(head);
    upstream.pipe(socket);
    socket.pipe(upstream);
  });
  upstream.on('error', () => socket.destroy());
}
