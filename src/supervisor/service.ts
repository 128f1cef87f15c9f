import { machineNames } from '../bundle/folder.ts';
import { GuestInfo, INFO } from '../channel/messages/guest.ts';
import { CLOCK, ClockReply } from '../channel/messages/renewal.ts';
import { call, conversation, type Method, request } from '../channel/methods.ts';
import { Fault } from '../fault/fault.ts';
import { residentBytes } from '../platform/process-identity.ts';
import { SessionRequest } from '../session/request.ts';
import {
  Nothing,
  PING,
  SESSION,
  SSH_ACCESS,
  START,
  STATUS,
  STOP,
  StartRequest,
  type StatusReply,
  StopRequest,
} from './protocol.ts';
import { reviewMethods } from './review-methods.ts';
import type { Supervisor } from './supervisor.ts';

/** What a command may ask a supervisor. `leave` is called when the machine has been stopped on request. */
export function supervisorMethods(supervisor: Supervisor, leave: () => void): Record<string, Method> {
  return {
    [STATUS]: request(Nothing, () => status(supervisor)),
    [START]: conversation(StartRequest, async ({ idle }, stream) => {
      const gone = new AbortController();
      stream.listen({ closed: () => gone.abort() });
      if (idle !== undefined) supervisor.idle.limit = idle;
      await supervisor.up((event) => stream.closed || stream.send({ type: 'progress', event }), gone.signal);
      stream.end();
    }),
    [STOP]: request(StopRequest, async ({ goal, onlyIdle }) => {
      if (onlyIdle) await supervisor.requireIdle();
      const manner = await supervisor.stop(goal);
      leave();
      return { manner };
    }),
    [SESSION]: conversation(SessionRequest, (asked, stream) => supervisor.session(asked, stream)),
    [PING]: request(Nothing, async () => {
      const { state } = supervisor.machine;
      if (state.state !== 'running') throw notRunning(supervisor);
      return call(state.connection, CLOCK, { move: 0 }, ClockReply, { timeout: 5000 });
    }),
    ...reviewMethods(supervisor),
    [SSH_ACCESS]: request(Nothing, async () => {
      if (supervisor.machine.state.state !== 'running') throw notRunning(supervisor);
      const { port } = await supervisor.ssh();
      return {
        port,
        config: machineNames(supervisor.folder, supervisor.machineName).sshConfig,
        host: `pcoder-${supervisor.machineName}`,
      };
    }),
  };
}

function notRunning(supervisor: Supervisor): Fault {
  return new Fault('machine-not-running', `machine ${supervisor.machineName} does not run`, {
    hint: 'pcoder start',
  });
}

async function status(supervisor: Supervisor): Promise<StatusReply> {
  const { machine, sessions, journal } = supervisor;
  const { state } = machine;
  const guest =
    state.state === 'running'
      ? await call(state.connection, INFO, {}, GuestInfo, { timeout: 5000 }).catch(() => undefined)
      : undefined;
  const { run } = machine;
  const resident = run === undefined ? undefined : residentBytes(run.pid);
  return {
    machine: supervisor.machineName,
    state: state.state,
    ...(state.state === 'stopped' && state.reason !== undefined ? { reason: state.reason } : {}),
    supervisor: { pid: process.pid, resident: process.memoryUsage.rss() },
    ...(run === undefined
      ? {}
      : {
          run: {
            pid: run.pid,
            accelerator: run.accelerator,
            reason: run.reason,
            since: run.since,
            start: run.start,
            ...(resident === undefined ? {} : { resident }),
          },
        }),
    ...(guest === undefined ? {} : { guest }),
    ...(state.state === 'running' ? { sshPort: (await supervisor.ssh()).port } : {}),
    sessions: [...sessions.values()].map(({ id, work, project, state: now }) => ({
      id,
      work,
      project,
      state: now,
    })),
    notes: journal.recent,
  };
}
