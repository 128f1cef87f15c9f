import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import type { machineNames } from '../bundle/folder.ts';
import { duplexOf } from '../channel/byte-flow.ts';
import type { Connection } from '../channel/connection.ts';
import { SSH } from '../channel/messages/guest.ts';
import { writeWhole } from '../platform/whole-file.ts';

export interface SshListener {
  port: number;
  close(): Promise<void>;
}

/** Opens a random port on the host's loopback whose connections reach the guest's sshd over the channel, and writes what an ssh client needs to know. */
export async function openSshListener(
  names: ReturnType<typeof machineNames>,
  machine: string,
  connection: () => Connection | undefined,
  hold: () => () => void,
): Promise<SshListener> {
  const server = createServer((socket) => {
    const guest = connection();
    if (guest === undefined) return void socket.destroy();
    socket.on('close', hold());
    const wire = duplexOf(guest.open(SSH, {}));
    wire.on('error', () => socket.destroy());
    socket.on('error', () => wire.destroy());
    socket.on('close', () => wire.destroy());
    wire.pipe(socket);
    socket.pipe(wire);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = portOf(server);
  const hostKey = (await readFile(`${names.sshHostKey}.pub`, 'utf8')).trim().split(' ').slice(0, 2).join(' ');
  await writeWhole(names.sshKnownHosts, `[127.0.0.1]:${port} ${hostKey}\n`);
  await writeWhole(names.sshConfig, sshConfig(names, machine, port));
  await writeWhole(names.sshPort, `${port}\n`);
  return {
    port,
    async close() {
      server.close();
      await rm(names.sshPort, { force: true });
    },
  };
}

/** An `ssh -F` file: editors and people log in by the machine's name, with the host key known in advance. */
export function sshConfig(
  names: { sshUserKey: string; sshKnownHosts: string },
  machine: string,
  port: number,
): string {
  return [
    `Host pcoder-${machine}`,
    '  HostName 127.0.0.1',
    `  Port ${port}`,
    '  User portable',
    `  IdentityFile "${literal(names.sshUserKey)}"`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile "${literal(names.sshKnownHosts)}"`,
    '  StrictHostKeyChecking yes',
    '',
  ].join('\n');
}

/** In ssh's paths a percent sign begins a token. */
function literal(path: string): string {
  return path.replaceAll('%', '%%');
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has a port');
  return address.port;
}
