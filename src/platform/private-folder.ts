import { chmod, lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { Fault } from '../fault/fault.ts';
import { userTag } from './host.ts';
import { writeFault } from './whole-file.ts';

/** Longest socket path that works on Linux (108) and macOS (104), with its ending NUL. */
export const LONGEST_SOCKET_PATH = 103;

/** Longest socket name we put into a folder. */
const SOCKET_NAME = 'supervisor.sock'.length + 1;

/** Makes a folder only this user may enter. @throws Fault `folder-unwritable`, `disk-full` */
export async function makePrivateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
  } catch (error) {
    throw writeFault(path, error);
  }
}

/**
 * The folder for a machine's sockets: its own folder, or, where that path is too long for a socket, a private one named after it in the
 * user's runtime directory. Socket paths count bytes, so non-ASCII names count more.
 */
export function socketFolder(home: string, env: NodeJS.ProcessEnv = process.env): string {
  if (fits(home)) return home;
  const digest = crypto().createHash('sha256').update(home).digest('hex').slice(0, 16);
  const bases = [env['XDG_RUNTIME_DIR'] ?? '', tmpdir(), '/tmp'].filter(isAbsolute);
  const folders = bases.map((base) => join(base, `pcoder-${userTag()}`, digest));
  return folders.find(fits) ?? join(tmpdir(), digest);
}

/** Makes the socket folder and refuses one that somebody else made first. @throws Fault `folder-unwritable` */
export async function makeSocketFolder(home: string): Promise<string> {
  const folder = socketFolder(home);
  if (folder === home) return folder;
  for (const path of [join(folder, '..'), folder]) {
    await makePrivateFolder(path);
    const found = await lstat(path);
    const mine = process.getuid === undefined || found.uid === process.getuid();
    if (!found.isDirectory() || !mine)
      throw new Fault('folder-unwritable', `${path} belongs to somebody else`, {
        hint: 'set XDG_RUNTIME_DIR to a folder of your own',
      });
  }
  return folder;
}

function fits(folder: string): boolean {
  return Buffer.byteLength(folder) + SOCKET_NAME <= LONGEST_SOCKET_PATH;
}

/** Loaded when a path is too long and not before: it takes 3 ms of every command. */
function crypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}
