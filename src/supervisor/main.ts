import { rm } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { createServer, type Server } from 'node:net';
import { parseArgs } from 'node:util';
import { machineNames } from '../bundle/folder.ts';
import { Connection } from '../channel/connection.ts';
import { serve } from '../channel/methods.ts';
import { SocketTransport } from '../channel/socket-transport.ts';
import { renderFault } from '../fault/render.ts';
import { tryLock } from '../platform/exclusive-lock.ts';
import { makePrivateFolder, makeSocketFolder } from '../platform/private-folder.ts';
import { Journal } from './journal.ts';
import { supervisorMethods } from './service.ts';
import { supervisorSocket } from './socket-name.ts';
import { Supervisor } from './supervisor.ts';

/** Milliseconds a supervisor without a machine and without a command waits before it ends. */
const IDLE = 15_000;

const { values } = parseArgs({
  options: { root: { type: 'string' }, state: { type: 'string' }, machine: { type: 'string' } },
});
const folder = { root: values.root ?? '', state: values.state ?? '' };
const machine = values.machine ?? 'default';
const names = machineNames(folder, machine);

await makePrivateFolder(names.home);
const lock = tryLock(names.lock);
// Another supervisor owns this machine: whoever started us will find that one's socket.
if (lock === undefined) process.exit(0);

const journal = new Journal(names.supervisorLog);
const sockets = await makeSocketFolder(names.home);
const socket = supervisorSocket(sockets);
const supervisor = await Supervisor.create(folder, machine, sockets, journal);
await supervisor.machine.adopt();

let commands = 0;
let idle: NodeJS.Timeout | undefined;
const server = createServer((client) => {
  commands++;
  clearTimeout(idle);
  const connection = new Connection(
    new SocketTransport(client),
    'even',
    serve(supervisorMethods(supervisor, () => setTimeout(() => leave(0), 50))),
  );
  connection.closed.then(() => {
    commands--;
    rest();
  });
});
process.on('SIGTERM', () => supervisor.stop().finally(() => leave(0)));
process.on('SIGINT', () => {});
process.on('uncaughtException', (error) =>
  journal.debug(`uncaught: ${renderFault(error)} ${error.stack ?? ''}`),
);
process.on('unhandledRejection', (error) =>
  journal.debug(`unhandled: ${renderFault(error)} ${error instanceof Error ? error.stack : ''}`),
);

// We hold the lock, so a socket that is there is nobody's.
await rm(socket, { force: true });
await listen(server, socket);
journal.debug(`supervisor ${process.pid} serves machine ${machine}`);
rest();
// Written now, not at an exit that may be a kill.
flushCompileCache();

function rest(): void {
  clearTimeout(idle);
  if (commands > 0) return;
  idle = setTimeout(() => {
    if (supervisor.machine.state.state === 'stopped' && supervisor.sessions.size === 0) leave(0);
    else rest();
  }, IDLE);
}

async function leave(code: number): Promise<void> {
  if (supervisor.machine.state.state !== 'stopped' || supervisor.sessions.size > 0) return;
  server.close();
  await rm(socket, { force: true });
  await supervisor.close();
  journal.debug(`supervisor ${process.pid} ends`);
  process.exit(code);
}

function listen(on: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    on.once('error', reject);
    on.listen(path, resolve);
  });
}
