import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { QemuInstall } from '../../bundle/assets/qemu.ts';
import { Fault } from '../../fault/fault.ts';
import { plainEnvironment, startDetached } from '../../platform/detached-process.ts';
import { logTail } from '../../platform/log-tail.ts';
import { identify, type ProcessIdentity } from '../../platform/process-identity.ts';
import { type LaunchPlan, qemuArguments } from './arguments.ts';
import { QmpClient } from './qmp.ts';

/** Milliseconds from QEMU's start until its control socket must answer. */
const CONTROL_WITHIN = 20_000;

export interface LaunchedQemu {
  identity: ProcessIdentity;
  qmp: QmpClient;
}

/**
 * Starts QEMU so that it outlives us and waits for its control connection.
 * @throws Fault `qemu-failed` quoting QEMU's own words
 */
export async function launchQemu(
  plan: LaunchPlan,
  qemu: QemuInstall,
  { log: logFile, background = false }: { log: string; background?: boolean },
): Promise<LaunchedQemu> {
  // Sockets of a machine that is gone would let us connect to nothing; its lock says that it is gone.
  await Promise.all(
    [plan.qmpSocket, plan.channelSocket, plan.pidFile, logFile, plan.consoleLog].map((path) =>
      rm(path, { force: true }),
    ),
  );
  const command = qemu.command('qemu-system-x86_64');
  const child = await startDetached(
    command.file,
    [...command.args, ...qemu.dataArgs, ...qemuArguments(plan)],
    {
      log: logFile,
      env: { ...plainEnvironment(), ...command.env },
      cwd: '/',
      background,
    },
  );
  const identity = identify(child.pid) ?? { pid: child.pid, started: undefined };
  let ended: string | undefined;
  child.exited.then(({ code, signal }) => {
    ended = signal ?? `code ${code}`;
  });
  const deadline = Date.now() + CONTROL_WITHIN;
  for (;;) {
    if (ended !== undefined) throw await launchFault(`QEMU ended with ${ended} at its start`, logFile);
    try {
      return { identity, qmp: await QmpClient.connect(plan.qmpSocket) };
    } catch (error) {
      if (Date.now() > deadline) {
        process.kill(child.pid, 'SIGKILL');
        throw await launchFault(
          `QEMU did not open its control socket within ${CONTROL_WITHIN / 1000} s`,
          logFile,
          error,
        );
      }
    }
    await sleep(4);
  }
}

/** The error for a QEMU that would not run, with what it said itself. */
export async function launchFault(message: string, logFile: string, cause?: unknown): Promise<Fault> {
  const said = await logTail(logFile, 6);
  return new Fault('qemu-failed', message, {
    cause: said === '' ? cause : new Error(`QEMU said: ${said}`, cause === undefined ? {} : { cause }),
    hint: /No space left/i.test(said)
      ? 'free some space on the disk that holds the state folder'
      : 'pcoder doctor checks every part; pcoder logs shows the whole log',
  });
}
