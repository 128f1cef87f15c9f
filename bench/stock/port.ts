import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** A port of the host's loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
  return address.port;
}

/**
 * Whether an ssh server greets on a port within so many milliseconds. QEMU accepts the connection whether or not its guest listens, so
 * only the greeting tells.
 */
export function greets(port: number, within: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (greeted: boolean) => {
      socket.destroy();
      resolve(greeted);
    };
    socket.setTimeout(within, () => settle(false));
    socket.on('data', (bytes) => settle(bytes.toString('latin1').startsWith('SSH-')));
    socket.on('error', () => settle(false));
    socket.on('close', () => settle(false));
  });
}
