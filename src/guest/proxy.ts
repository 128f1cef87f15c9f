import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import * as z from 'zod/mini';
import { duplexOf } from '../channel/byte-flow.ts';
import type { Connection } from '../channel/connection.ts';
import { EGRESS, EgressAnswer, type EgressRequest, GUEST_PROXY_PORT } from '../channel/messages/egress.ts';
import { Fault } from '../fault/fault.ts';
import { MAX_HEAD, type ProxyHead, parseProxyHead } from './proxy-head.ts';

/** Milliseconds between two tries to listen. */
const LISTEN_AGAIN = 200;
/** Milliseconds a program may take to say what it wants. */
const HEAD_WITHIN = 30_000;

/**
 * The guest's way to the world: an HTTP proxy on the guest's loopback. CONNECT and plain `http://` requests become `egress` streams to the
 * host, which alone decides. It reads one head a connection and then only carries bytes; Node's own HTTP server would cost 15 MB.
 */
export function startProxy(host: () => Connection | undefined, port = GUEST_PROXY_PORT): Server {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    client.on('error', () => {});
    serve(client, host).catch((error: unknown) => client.end(answer(error)));
  });
  const listen = () => server.listen(port, '127.0.0.1');
  // The loopback may not be up yet, or a program of the guest may sit on the port: the way out opens as soon as it can.
  server.on('error', () => setTimeout(listen, LISTEN_AGAIN).unref());
  listen();
  return server;
}

async function serve(client: Socket, host: () => Connection | undefined): Promise<void> {
  const { text, rest } = await readHead(client);
  const head = parseProxyHead(text);
  if (head === undefined)
    throw new Refusal(400, 'Bad Request', 'this is a proxy: ask it for http:// addresses or CONNECT');
  const upstream = await dial(host(), head);
  if (head.kind === 'connect') client.write('HTTP/1.1 200 Connection established\r\n\r\n');
  else upstream.write(head.head);
  if (rest.byteLength > 0) upstream.write(rest);
  join(client, upstream);
}

/** The bytes up to the empty line, and what came behind them. */
function readHead(client: Socket): Promise<{ text: string; rest: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ text: string; rest: Buffer }>();
  let held = Buffer.alloc(0);
  const timer = setTimeout(() => reject(new Refusal(408, 'Request Timeout', 'no request came')), HEAD_WITHIN);
  const take = (chunk: Buffer) => {
    held = Buffer.concat([held, chunk]);
    const end = held.indexOf('\r\n\r\n');
    if (end === -1 && held.byteLength <= MAX_HEAD) return;
    client.pause();
    client.off('data', take);
    if (end === -1)
      reject(new Refusal(431, 'Request Header Fields Too Large', 'the request head is too large'));
    else resolve({ text: held.subarray(0, end).toString('latin1'), rest: held.subarray(end + 4) });
  };
  client.on('data', take);
  client.once('end', () => reject(new Refusal(400, 'Bad Request', 'the request ended early')));
  client.resume();
  return promise.finally(() => clearTimeout(timer));
}

/** Opens the stream and waits until the host has connected it. @throws Fault with the host's reason; Refusal */
async function dial(host: Connection | undefined, head: ProxyHead): Promise<Duplex> {
  if (host === undefined) throw new Refusal(503, 'Service Unavailable', 'the host is not connected');
  // git sends its credentials only when asked for them.
  if (head.credentials === undefined)
    throw new Refusal(407, 'Proxy Authentication Required', 'use the proxy of your session');
  const stream = host.open(EGRESS, {
    host: head.host,
    port: head.port,
    ...head.credentials,
  } satisfies EgressRequest);
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  stream.listen({
    message: (value) => {
      // At once: a server that speaks first has its bytes right behind the answer. Cut before it is joined, it is found destroyed.
      if (z.safeParse(EgressAnswer, value).success) resolve(duplexOf(stream).on('error', () => {}));
      else stream.reset(new Fault('protocol-violation', 'not an egress answer'));
    },
    closed: (error) => reject(error ?? new Fault('egress-refused', 'the host closed the connection')),
  });
  return promise;
}

function join(left: Duplex, right: Duplex): void {
  if (left.destroyed || right.destroyed) {
    left.destroy();
    right.destroy();
    return;
  }
  left.pipe(right);
  right.pipe(left);
  left.on('close', () => right.destroy());
  right.on('close', () => left.destroy());
  right.on('error', () => left.destroy());
}

/** An answer of the proxy itself. */
class Refusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

function answer(error: unknown): string {
  const { status, reason, message } = asRefusal(error);
  const body = `pcoder: ${message}\n`;
  const challenge = status === 407 ? 'Proxy-Authenticate: Basic realm="pcoder"\r\n' : '';
  return `HTTP/1.1 ${status} ${reason}\r\n${challenge}Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (!(error instanceof Fault)) return new Refusal(502, 'Bad Gateway', String(error));
  const text = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
  return error.code === 'egress-refused'
    ? new Refusal(403, 'Forbidden', text)
    : new Refusal(502, 'Bad Gateway', text);
}
