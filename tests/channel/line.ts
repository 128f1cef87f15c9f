import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChannelStream } from '../../src/channel/channel-stream.ts';
import { Connection, type Open } from '../../src/channel/connection.ts';
import { SocketTransport } from '../../src/channel/socket-transport.ts';

/** Both ends of a real Unix socket. */
export async function socketPair(): Promise<[Socket, Socket]> {
  const folder = mkdtempSync(join(tmpdir(), 'line-'));
  const server = createServer().listen(join(folder, 's'));
  await once(server, 'listening');
  const near = connect(join(folder, 's'));
  const [far] = (await once(server, 'connection')) as [Socket];
  if (near.connecting) await once(near, 'connect');
  server.close();
  rmSync(folder, { recursive: true });
  return [near, far];
}

export type Opened = (open: Open, stream: ChannelStream) => void;

/** Two connections joined by a real socket: `host` is odd, `guest` even. */
export class Line implements AsyncDisposable {
  readonly host: Connection;
  readonly guest: Connection;
  readonly sockets: [Socket, Socket];

  private constructor(sockets: [Socket, Socket], opened: { host?: Opened; guest?: Opened }) {
    this.sockets = sockets;
    this.host = new Connection(new SocketTransport(sockets[0]), 'odd', opened.host);
    this.guest = new Connection(new SocketTransport(sockets[1]), 'even', opened.guest);
  }

  static async join(opened: { host?: Opened; guest?: Opened } = {}): Promise<Line> {
    return new Line(await socketPair(), opened);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await Promise.all([this.host.closed, this.guest.closed]);
  }
}
