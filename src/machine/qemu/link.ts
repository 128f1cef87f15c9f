import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ChannelStream } from '../../channel/channel-stream.ts';
import { Connection, type Open } from '../../channel/connection.ts';
import { HEADER_BYTES, MAX_PAYLOAD } from '../../channel/frame.ts';
import { proveAsHost } from '../../channel/handshake.ts';
import { PREAMBLE } from '../../channel/preamble.ts';
import { SocketTransport } from '../../channel/socket-transport.ts';

export interface LinkOptions {
  /** QEMU's channel socket, or a connection to it */
  socket: string | Socket;
  bootKey: Uint8Array;
  /** milliseconds until the agent daemon must have proven itself */
  within: number;
  /** an earlier host may have left half a frame in the guest */
  resumed: boolean;
  opened(open: Open, stream: ChannelStream): void;
}

/** Connects to the guest's agent daemon through QEMU's channel socket. @throws Fault `guest-unreachable`, `protocol-violation` */
export async function openLink(options: LinkOptions): Promise<Connection> {
  const socket = typeof options.socket === 'string' ? connect(options.socket) : options.socket;
  const transport = new SocketTransport(socket, { hunt: true });
  // Zeros finish whatever frame the guest may still be waiting for; it then finds no header and looks for the preamble.
  if (options.resumed) socket.write(Buffer.alloc(MAX_PAYLOAD + HEADER_BYTES));
  socket.write(PREAMBLE);
  try {
    return new Connection(
      await proveAsHost(transport, options.bootKey, options.within),
      'odd',
      options.opened,
    );
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/**
 * Connects to a guest that does not run yet. A guest that comes out of a snapshot finds its line connected as it left it; else it would
 * notice, and look for a host again only after a while.
 */
export async function openSocket(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  // Nobody reads it before the guest runs; QEMU may end until then, which shows elsewhere.
  socket.on('error', () => {});
  return socket;
}
