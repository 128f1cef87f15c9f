import { constants } from 'node:os';
import * as z from 'zod/mini';
import type { Connection } from '../channel/connection.ts';
import type { ExecControl } from '../channel/messages/exec.ts';
import { EXIT } from '../fault/codes.ts';
import { Fault } from '../fault/fault.ts';
import { takeTerminal } from '../platform/terminal.ts';
import type { SessionRequest } from '../session/request.ts';
import { SESSION, SessionEvent } from '../supervisor/protocol.ts';
import { say } from './command.ts';
import type { Context } from './context.ts';
import { progressLines } from './progress-lines.ts';
import { type Report, showReport } from './report-lines.ts';

export interface Attached {
  code: number;
  session: string | undefined;
  report: Report | undefined;
}

/**
 * Runs one session with this process's terminal or pipes. The first Ctrl-C reaches the program; the second leaves at once, while the
 * supervisor still brings the results back.
 * @throws the session's Fault; `supervisor-lost` when the supervisor went away; `interrupted`
 */
export async function attachSession(
  context: Context,
  connection: Connection,
  request: SessionRequest,
): Promise<Attached> {
  const { stdin, stdout, stderr } = context;
  const lines = progressLines(stderr);
  const terminal = request.terminal === undefined ? undefined : takeTerminal(stdin, stdout);
  const stream = connection.open(SESSION, request);
  const outcome = Promise.withResolvers<Attached>();
  const attached: Attached = { code: EXIT.failed, session: undefined, report: undefined };
  let started = false;
  let interrupts = 0;
  const control = (message: ExecControl) => stream.closed || stream.sendAhead(message);

  const onSignal = (name: 'SIGINT' | 'SIGTERM' | 'SIGHUP') => {
    interrupts++;
    if (!started || interrupts > 1) {
      const reason = new Fault(
        'interrupted',
        started
          ? 'left; the supervisor ends the program and still brings its results back'
          : 'interrupted before the program had started',
      );
      outcome.reject(reason);
      stream.reset(reason);
      return;
    }
    control({ type: 'signal', signal: name });
    if (name === 'SIGINT')
      say(context, 'interrupted the program; press Ctrl-C again to leave without waiting for it');
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const handlers = signals.map((name) => [name, () => onSignal(name)] as const);
  for (const [name, handler] of handlers) process.on(name, handler);
  terminal?.onResize(() => control({ type: 'resize', size: terminal.size() }));

  const onInput = (chunk: Buffer) => {
    // Before the program runs nothing else would hear Ctrl-C from a raw terminal.
    if (terminal !== undefined && !started && chunk.includes(3)) return onSignal('SIGINT');
    stdin.pause();
    stream.write(chunk).then(
      () => stdin.resume(),
      () => {},
    );
  };
  const takeInput = () => {
    stdin.on('data', onInput);
    stdin.on('end', () => stream.end());
    stdin.on('error', () => stream.end());
    // An attempt before this one may have left it paused.
    stdin.ref?.();
    stdin.resume();
  };
  // From a pipe nothing is taken before the program runs: an attempt that ends earlier would have swallowed it.
  if (terminal !== undefined) takeInput();

  stream.listen({
    message: (value) => {
      const parsed = z.safeParse(SessionEvent, value);
      if (!parsed.success) return;
      const event = parsed.data;
      switch (event.type) {
        case 'progress':
          return lines.progress({ total: undefined, ...event.event } as Parameters<typeof lines.progress>[0]);
        case 'session':
          attached.session = event.id;
          return;
        case 'started':
          started = true;
          lines.close();
          if (terminal === undefined) takeInput();
          return;
        case 'report':
          attached.report = event;
          return;
        case 'exit':
          attached.code = withWaiting(exitCode(event), attached.report);
          return outcome.resolve(attached);
      }
    },
    data: (chunk, lane) => {
      const target = lane === 1 ? stderr : stdout;
      target.write(chunk, () => stream.consumed(chunk.byteLength));
    },
    closed: (error) => outcome.reject(reasonFor(error, connection, attached.session)),
  });
  // A pipe that is closed (`| head`) ends the program as it would have ended here.
  stdout.on('error', () => stream.reset(new Fault('interrupted', 'the output was closed')));

  try {
    return await outcome.promise;
  } finally {
    lines.close();
    terminal?.restore(attached.code === EXIT.failed && attached.report === undefined);
    for (const [name, handler] of handlers) process.off(name, handler);
    stdin.off('data', onInput);
    stdin.pause();
    stdin.unref?.();
    if (attached.report !== undefined) showReport(context, attached.report);
  }
}

/** A program that went well leaves work to a person: scripts are told. */
function withWaiting(code: number, report: Report | undefined): number {
  return code === EXIT.ok && report !== undefined && report.freshWaiting > 0 ? EXIT.changesWait : code;
}

/** The command's exit code, once a person at a terminal was asked about a session under review. */
export async function decided(
  context: Context,
  { json, machine }: { json: boolean; machine: string },
  request: SessionRequest,
  attached: Attached,
): Promise<number> {
  if (request.exchange !== 'review' || json) return attached.code;
  return (await import('./review-at-end.ts')).reviewAtEnd(context, machine, request, attached);
}

/** The program's own code, or what a shell would say of its signal. */
function exitCode(exit: { code: number | null; signal: string | null }): number {
  if (exit.code !== null) return exit.code;
  const numbers: Record<string, number> = constants.signals;
  return 128 + (numbers[exit.signal ?? ''] ?? 0);
}

function reasonFor(error: Fault | undefined, connection: Connection, session: string | undefined): Fault {
  if (!connection.down)
    return error ?? new Fault('protocol-violation', 'the supervisor ended the session without a result');
  return new Fault(
    'supervisor-lost',
    `the supervisor went away${session === undefined ? '' : ` during session ${session}`}`,
    {
      cause: error?.cause,
      hint: 'run a command on the same project again: it finds the machine and brings back what is in the guest',
    },
  );
}
