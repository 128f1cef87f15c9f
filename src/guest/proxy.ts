import { createServer, type IncomingMessage, request as httpRequest, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import * as z from 'zod/mini';
import { duplexOf } from '../channel/byte-flow.ts';
import type { Connection } from '../channel/connection.ts';
import { EGRESS, EgressAnswer, type EgressRequest, GUEST_PROXY_PORT } from '../channel/messages/egress.ts';
import { Fault } from '../fault/fault.ts';

/**
 * The guest's way to the world: an HTTP proxy on the guest's loopback. CONNECT and plain `http://` requests become `egress` streams to the
 * host, which alone decides. Without a host it answers 503, never anything else.
 */
export function startProxy(host: () => Connection | undefined): Server {
  const server = createServer((incoming, outgoing) => {
    forward(host(), incoming, outgoing).catch((error: unknown) => refuse(outgoing, error));
  });
  server.on('connect', (incoming: IncomingMessage, client: Duplex, head: Buffer) => {
    client.on('error', () => {});
    // git sends its credentials only when asked for them.
    if (incoming.headers['proxy-authorization'] === undefined) return void client.end(ASK_FOR_CREDENTIALS);
    tunnel(host(), incoming, client, head).catch((error: unknown) => client.end(refusal(error)));
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  server.listen(GUEST_PROXY_PORT, '127.0.0.1');
  return server;
}

const ASK_FOR_CREDENTIALS =
  'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="pcoder"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

async function tunnel(host: Connection | undefined, incoming: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
  const target = parseAuthority(incoming.url ?? '');
  const upstream = await dial(host, { ...target, ...credentials(incoming) });
  client.write('HTTP/1.1 200 Connection established\r\n\r\n');
  if (head.byteLength > 0) upstream.write(head);
  join(client, upstream);
}

/** A plain request in absolute form is sent on in origin form, one connection each. */
async function forward(host: Connection | undefined, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const url = URL.parse(incoming.url ?? '');
  if (url?.protocol !== 'http:') throw new Fault('egress-refused', 'this is a proxy: ask it for http:// addresses or CONNECT');
  const upstream = await dial(host, { host: bare(url.hostname), port: url.port === '' ? 80 : Number(url.port), ...credentials(incoming) });
  const headers: Record<string, string | string[] | undefined> = { ...incoming.headers, host: url.host };
  for (const name of HOP_BY_HOP) delete headers[name];
  const sent = httpRequest({ method: incoming.method ?? 'GET', path: `${url.pathname}${url.search}`, headers, createConnection: () => upstream, setHost: false });
  sent.on('response', (reply) => {
    outgoing.writeHead(reply.statusCode ?? 502, reply.statusMessage, reply.headers);
    reply.pipe(outgoing);
  });
  sent.on('error', (error) => refuse(outgoing, error));
  outgoing.on('close', () => upstream.destroy());
  incoming.pipe(sent);
}

const HOP_BY_HOP = ['proxy-authorization', 'proxy-connection', 'connection', 'keep-alive', 'te', 'trailer', 'upgrade'];

/** Opens the stream and waits until the host has connected it. @throws Fault with the host's reason */
async function dial(host: Connection | undefined, request: EgressRequest): Promise<Duplex> {
  if (host === undefined) throw new Fault('guest-unreachable', 'the host is not connected');
  const stream = host.open(EGRESS, request);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  stream.listen({
    message: (value) => (z.safeParse(EgressAnswer, value).success ? resolve() : reject(new Fault('protocol-violation', 'not an egress answer'))),
    closed: (error) => reject(error ?? new Fault('egress-refused', 'the host closed the connection')),
  });
  await promise;
  return duplexOf(stream);
}

function join(left: Duplex, right: Duplex): void {
  left.pipe(right);
  right.pipe(left);
  left.on('close', () => right.destroy());
  right.on('close', () => left.destroy());
  right.on('error', () => left.destroy());
}

function parseAuthority(authority: string): { host: string; port: number } {
  const url = URL.parse(`connect://${authority}`);
  if (url === null || url.port === '') throw new Fault('egress-refused', 'CONNECT needs host:port');
  return { host: bare(url.hostname), port: Number(url.port) };
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function credentials(incoming: IncomingMessage): { session: string; token: string } {
  const [, encoded = ''] = /^Basic (\S+)$/i.exec(incoming.headers['proxy-authorization'] ?? '') ?? [];
  const [session = '', token = ''] = Buffer.from(encoded, 'base64').toString().split(':');
  return { session, token };
}

function refuse(outgoing: ServerResponse, error: unknown): void {
  if (outgoing.headersSent) return void outgoing.destroy();
  outgoing.writeHead(statusOf(error), { 'content-type': 'text/plain' }).end(`pcoder: ${messageOf(error)}\n`);
}

function refusal(error: unknown): string {
  const body = `pcoder: ${messageOf(error)}\n`;
  const reason = statusOf(error) === 403 ? 'Forbidden' : 'Bad Gateway';
  return `HTTP/1.1 ${statusOf(error)} ${reason}\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

function statusOf(error: unknown): number {
  return error instanceof Fault && error.code === 'egress-refused' ? 403 : 502;
}

function messageOf(error: unknown): string {
  const { message, hint } = error instanceof Fault ? error : { message: String(error), hint: undefined };
  return hint === undefined ? message : `${message} (${hint})`;
}
