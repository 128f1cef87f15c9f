import * as z from 'zod/mini';
import type { Connection } from '../../channel/connection.ts';
import { Fault } from '../../fault/fault.ts';
import { START, StartEvent } from '../../supervisor/protocol.ts';
import { command, type JsonFlag, printJson } from '../command.ts';
import type { Context } from '../context.ts';
import { askStatus, describe } from '../status-lines.ts';
import { interruptible, withSupervisor } from '../with-assets.ts';

export type StartFlags = JsonFlag & { readonly idle?: number };

export default command(async (context: Context, flags: StartFlags, machine: string | undefined) => {
  const name = machine ?? 'default';
  const status = await withSupervisor(context, { machine: name, tool: undefined }, async (connection) => {
    await interruptible(context, (progress, signal) => bringUp(connection, progress, signal, flags.idle));
    return askStatus(connection);
  });
  if (flags.json) printJson(context, status);
  else context.stdout.write(describe(status));
  return undefined;
});

/** Asks the supervisor to bring its machine up and follows it. */
export function bringUp(
  connection: Connection,
  progress: Parameters<Parameters<typeof interruptible>[1]>[0],
  signal: AbortSignal,
  idle?: number,
): Promise<void> {
  const stream = connection.open(START, idle === undefined ? {} : { idle });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () =>
    stream.reset(signal.reason instanceof Fault ? signal.reason : new Fault('interrupted', 'interrupted')),
  );
  stream.listen({
    message: (value) => {
      const parsed = z.safeParse(StartEvent, value);
      if (parsed.success)
        progress({ total: undefined, ...parsed.data.event } as Parameters<typeof progress>[0]);
    },
    end: () => {
      stream.end();
      resolve();
    },
    closed: (error) => (error === undefined ? resolve() : reject(error)),
  });
  return promise;
}
