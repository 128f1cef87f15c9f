import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { QemuInstall } from '../../src/bundle/assets/qemu.ts';
import { Fault } from '../../src/fault/fault.ts';
import type { Accelerator } from '../../src/machine/qemu/accelerator.ts';
import { QmpClient } from '../../src/machine/qemu/qmp.ts';
import { plainEnvironment } from '../../src/platform/detached-process.ts';
import { logTail } from '../../src/platform/log-tail.ts';
import { writeWhole } from '../../src/platform/whole-file.ts';
import { timed } from '../timed-program.ts';
import { stockArguments } from './arguments.ts';
import type { stockFiles } from './build.ts';
import { freePort, greets } from './port.ts';

/** A stock guest on disk and how it is to be run. */
export interface StockImage {
  files: ReturnType<typeof stockFiles>;
  commandLine: string;
  qemu: QemuInstall;
  accelerator: Accelerator;
  /** MiB */
  memory: number;
  cpus: number;
  /** where each run gets a folder for its socket, console and known hosts; short, for the socket's sake */
  scratch: string;
}

export interface StockGuest {
  ssh: { config: string; host: string };
  /** milliseconds from QEMU's start until `ssh … true` had returned */
  startedIn: number;
  /** Saves memory and disk inside its disk, which must be kept. @returns milliseconds */
  save(name: string): Promise<number>;
  /** Cuts its power. */
  kill(): Promise<void>;
  /** Presses its power button and waits until it has shut down. */
  shutDown(): Promise<void>;
}

/** Milliseconds a stock guest may take to let ssh in; 12 s was measured under emulation on a quiet host. */
const UP_WITHIN = 240_000;
/** Milliseconds an answer to a knock may take. A knock before the guest's network is up is lost, so waiting longer only delays the next. */
const GREETS_WITHIN = 700;
const DOWN_WITHIN = 120_000;

export interface StockStart {
  /** what it writes stays on its disk */
  keep?: boolean;
  /** another disk than the image's own */
  root?: string;
  /** go on from this snapshot inside the disk */
  load?: string;
}

/**
 * Starts a stock guest and waits until a command came back through ssh. What it writes is thrown away unless `keep`.
 * @throws Fault `qemu-failed`, `boot-timeout`, `interrupted`
 */
export async function startStock(
  image: StockImage,
  signal: AbortSignal,
  { keep = false, root = image.files.root, load }: StockStart = {},
): Promise<StockGuest> {
  const scratch = await mkdtemp(join(image.scratch, 'stock-'));
  const port = await freePort();
  const ssh = { config: join(scratch, 'config'), host: 'bench-stock' };
  await writeWhole(
    join(scratch, 'known_hosts'),
    `${ssh.host} ${await readFile(image.files.hostKey, 'utf8')}`,
  );
  await writeWhole(ssh.config, sshConfig(ssh.host, port, image.files.userKey, join(scratch, 'known_hosts')));
  const consoleLog = join(scratch, 'console.log');
  const qmpSocket = join(scratch, 'qmp.sock');
  const { kernel, initrd } = image.files;
  const saved = load === undefined ? {} : { load };
  const launch = { ...image, kernel, initrd, root, port, consoleLog, qmpSocket, keep, ...saved };
  const command = image.qemu.command('qemu-system-x86_64');

  const started = performance.now();
  const args = [command.file, ...command.args, ...image.qemu.dataArgs, ...stockArguments(launch)];
  // Should we be killed, it goes with us.
  const child = execa('setpriv', ['--pdeathsig', 'KILL', ...args], {
    env: { ...plainEnvironment(), ...command.env },
    extendEnv: false,
    stdio: ['ignore', 'ignore', 'pipe'],
    reject: false,
  });
  let ended = false;
  child.then(() => {
    ended = true;
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await child;
    await rm(scratch, { recursive: true, force: true });
  };
  try {
    const deadline = started + UP_WITHIN;
    while (!(await greets(port, GREETS_WITHIN))) {
      signal.throwIfAborted();
      if (ended)
        throw new Fault('qemu-failed', 'the stock guest ended', { cause: new Error((await child).stderr) });
      if (performance.now() > deadline)
        throw new Fault('boot-timeout', 'the stock guest let nobody in', {
          cause: new Error(await logTail(consoleLog, 6)),
        });
      await sleep(50);
    }
    await timed({ file: 'ssh', args: ['-F', ssh.config, ssh.host, 'true'] }, signal);
  } catch (error) {
    await kill();
    throw error;
  }
  const startedIn = performance.now() - started;
  const save = async (name: string) => {
    const qmp = await QmpClient.connect(qmpSocket);
    const began = performance.now();
    // The monitor's own command: it answers when all is written, and with words where it failed.
    const said = await qmp.execute('human-monitor-command', { 'command-line': `savevm ${name}` });
    qmp.close();
    if (said !== '')
      throw new Fault('check-failed', 'the stock guest could not be saved', {
        cause: new Error(String(said)),
      });
    return performance.now() - began;
  };
  const shutDown = async () => {
    const qmp = await QmpClient.connect(qmpSocket);
    await qmp.execute('system_powerdown');
    await Promise.race([child, sleep(DOWN_WITHIN, undefined, { ref: false })]);
    qmp.close();
    if (!ended) throw new Fault('boot-timeout', 'the stock guest did not shut down');
    await kill();
  };
  return { ssh, startedIn, save, kill, shutDown };
}

function sshConfig(host: string, port: number, key: string, knownHosts: string): string {
  return [
    `Host ${host}`,
    '  HostName 127.0.0.1',
    `  Port ${port}`,
    `  HostKeyAlias ${host}`,
    '  User portable',
    `  IdentityFile "${key}"`,
    '  IdentitiesOnly yes',
    `  UserKnownHostsFile "${knownHosts}"`,
    '  StrictHostKeyChecking yes',
    '',
  ].join('\n');
}
