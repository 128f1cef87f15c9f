import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Folder, machineNames } from '../bundle/folder.ts';
import { siblingSnapshot } from '../bundle/start-entry.ts';
import { Connection } from '../channel/connection.ts';
import { SocketTransport } from '../channel/socket-transport.ts';
import { Fault, systemCode } from '../fault/fault.ts';
import { plainEnvironment, startDetached } from '../platform/detached-process.ts';
import { logTail } from '../platform/log-tail.ts';
import { makePrivateFolder, makeSocketFolder, socketFolder } from '../platform/private-folder.ts';
import { supervisorSocket } from './socket-name.ts';

/** Milliseconds a supervisor gets to open its socket; continuing a machine left running is part of that. */
const UP_WITHIN = 60_000;

/** A connection to the machine's supervisor if there is one. */
export async function findSupervisor(folder: Folder, machine: string): Promise<Connection | undefined> {
  const socket = await tryConnect(supervisorSocket(socketFolder(machineNames(folder, machine).home)));
  return socket === undefined ? undefined : new Connection(new SocketTransport(socket), 'odd');
}

/**
 * A connection to the machine's supervisor, started if need be. Of two started at once, one wins and serves both.
 * @throws Fault `supervisor-lost` quoting its log when it does not come up; `folder-unwritable`
 */
export async function reachSupervisor(folder: Folder, machine: string): Promise<Connection> {
  const found = await findSupervisor(folder, machine);
  if (found !== undefined) return found;
  const names = machineNames(folder, machine);
  await makePrivateFolder(names.home);
  const path = supervisorSocket(await makeSocketFolder(names.home));
  const deadline = Date.now() + UP_WITHIN;
  let child = await startSupervisor(folder, machine, names.supervisorLog);
  while (Date.now() < deadline) {
    const socket = await tryConnect(path);
    if (socket !== undefined) return new Connection(new SocketTransport(socket), 'odd');
    if (child.ended !== undefined && child.ended !== 0) break;
    // Code 0 means that another supervisor owns the machine; unless its socket appears it was just leaving.
    if (child.ended === 0 && Date.now() - child.since > 500)
      child = await startSupervisor(folder, machine, names.supervisorLog);
    await sleep(3);
  }
  const said = await logTail(names.supervisorLog, 5);
  throw new Fault('supervisor-lost', `the supervisor of machine ${machine} did not come up`, {
    cause: said === '' ? undefined : new Error(said),
    hint: `pcoder logs; the whole log is ${names.supervisorLog}`,
  });
}

async function startSupervisor(
  folder: Folder,
  machine: string,
  log: string,
): Promise<{ ended: number | undefined; since: number }> {
  const snapshot = siblingSnapshot('supervisor');
  const { exited } = await startDetached(
    process.execPath,
    [
      ...NODE_FLAGS,
      ...(snapshot === undefined ? [] : ['--snapshot-blob', snapshot]),
      join(folder.root, 'src/start.cjs'),
      'supervisor',
      '--root',
      folder.root,
      '--state',
      folder.state,
      '--machine',
      machine,
    ],
    {
      log,
      env: plainEnvironment(),
      cwd: folder.root,
    },
  );
  const child: { ended: number | undefined; since: number } = { ended: undefined, since: Date.now() };
  exited.then(({ code }) => {
    child.ended = code ?? 1;
  });
  return child;
}

/** Bounds what a busy supervisor keeps around between collections (its share of the 90 MB it may use). */
const NODE_FLAGS = ['--max-semi-space-size=1', '--no-warnings'];

async function tryConnect(path: string): Promise<Socket | undefined> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    socket.destroy();
    if (['ENOENT', 'ENOTDIR', 'ECONNREFUSED', 'ECONNRESET'].includes(systemCode(error) ?? ''))
      return undefined;
    throw error;
  }
}
