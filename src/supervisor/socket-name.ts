import { join } from 'node:path';

/** The socket by which commands reach a machine's supervisor. */
export function supervisorSocket(sockets: string): string {
  return join(sockets, 'supervisor.sock');
}
