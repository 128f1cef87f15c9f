import { rm } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { createServer, type Server } from 'node:net';
import { parseArgs } from 'node:util';
import { type Folder, machineNames } from '../bundle/folder.ts';
import { startEntry } from '../bundle/start-entry.ts';
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

startEntry(() => {
  const { values } = parseArgs({
    options: { root: { type: 'string' }, state: { type: 'string' }, machine: { type: 'string' } },
  });
  const folder = { root: values.root ?? '', state: values.state ?? '' };
  const machine = values.machine ?? 'default';
  // No top-level await: the one-file form is CommonJS.
  superviseMachine(folder, machine).catch((error: unknown) => {
    // The command that started us quotes the log.
    new Journal(machineNames(folder, machine).supervisorLog).debug(
      renderFault(error).trim().replaceAll('\n', '; '),
    );
    process.exit(1);
  });
});

/** Owns one machine until nobody needs it any more. */
async function superviseMachine(folder: Folder, machine: string): Promise<void> {
  const names = machineNames(folder, machine);
  await makePrivateFolder(names.home);
  const lock = tryLock(names.lock);
  // Another supervisor owns this machine: whoever started us will find that one's socket.
  if (lock === undefined) process.exit(0);

  const journal = new Journal(names.supervisorLog);
  keepGoing(journal);
  const sockets = await makeSocketFolder(names.home);
  const socket = supervisorSocket(sockets);
  const supervisor = await Supervisor.create(folder, machine, sockets, journal, () => suspend());
  await supervisor.adopt();

  const isNeeded = () => supervisor.machine.state.state !== 'stopped' || supervisor.sessions.size > 0;
  const leave = async () => {
    if (isNeeded()) return;
    server.close();
    await rm(socket, { force: true });
    await supervisor.close();
    journal.debug(`supervisor ${process.pid} ends`);
    lock.release();
    process.exit(0);
  };
  const suspend = async () => {
    if (supervisor.machine.state.state !== 'running') return;
    const why = supervisor.machine.capabilities.noSuspend;
    // Shut down, what runs in the background there would be lost to somebody who asked for nothing.
    if (why !== undefined)
      return journal.note(`nobody has used the machine for a while, but it stays up: ${why}`);
    journal.note('nobody has used the machine for a while: it is suspended');
    await supervisor.suspendUnused();
    await leave();
  };
  const server = serveCommands(supervisor, leave, isNeeded);
  process.on('SIGTERM', () => supervisor.stop('suspend').finally(leave));
  process.on('SIGINT', () => {});

  // We hold the lock, so a socket that is there is nobody's.
  await rm(socket, { force: true });
  await listen(server, socket);
  journal.debug(`supervisor ${process.pid} serves machine ${machine}`);
  // Not at an exit, which may be a kill, and not while a command waits for its machine.
  setTimeout(flushCompileCache, 3000).unref();
}

function serveCommands(supervisor: Supervisor, leave: () => Promise<void>, isNeeded: () => boolean): Server {
  let commands = 0;
  let idle: NodeJS.Timeout | undefined;
  const rest = () => {
    clearTimeout(idle);
    if (commands > 0) return;
    idle = setTimeout(() => (isNeeded() ? rest() : leave()), IDLE);
  };
  rest();
  return createServer((client) => {
    commands++;
    clearTimeout(idle);
    const methods = supervisorMethods(supervisor, () => setTimeout(leave, 50));
    const connection = new Connection(new SocketTransport(client), 'even', serve(methods));
    connection.closed.then(() => {
      commands--;
      rest();
    });
  });
}

/** One request's defect must not take the machine's owner with it. */
function keepGoing(journal: Journal): void {
  const note = (kind: string) => (error: unknown) =>
    journal.debug(`${kind}: ${renderFault(error)} ${error instanceof Error ? error.stack : ''}`);
  process.on('uncaughtException', note('uncaught'));
  process.on('unhandledRejection', note('unhandled'));
}

function listen(on: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    on.once('error', reject);
    on.listen(path, resolve);
  });
}
