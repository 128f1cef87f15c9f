import * as z from 'zod/mini';
import type { Connection } from '../src/channel/connection.ts';
import { Fault } from '../src/fault/fault.ts';
import type { SessionRequest } from '../src/session/request.ts';
import { SESSION, SessionEvent } from '../src/supervisor/protocol.ts';

/**
 * Runs a command in the guest over an open connection to the supervisor, as the `exec` command does but without a process of its own.
 * Feeds it `input` and throws its output away. Milliseconds until its exit code was here.
 * @throws Fault `check-failed` when the command fails; the session's own
 */
export async function libraryExec(
  connection: Connection,
  argv: readonly string[],
  input: Iterable<Uint8Array> = [],
): Promise<number> {
  const started = performance.now();
  const work = { kind: 'command' as const, argv: [...argv] };
  const request: SessionRequest = { project: '/tmp', work, exchange: 'none', allow: [] };
  const stream = connection.open(SESSION, request);
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  stream.listen({
    message: (value) => {
      const event = z.safeParse(SessionEvent, value);
      if (event.success && event.data.type === 'exit') resolve(event.data.code);
    },
    data: (chunk) => stream.consumed(chunk.byteLength),
    closed: (error) =>
      reject(error ?? new Fault('protocol-violation', 'the session ended without an exit code')),
  });
  try {
    for (const chunk of input) await stream.write(chunk);
    stream.end();
  } catch {
    // The stream was cut: `closed` says why.
  }
  const code = await promise;
  if (code !== 0) throw new Fault('check-failed', `${argv.join(' ')} ended with code ${code}`);
  return performance.now() - started;
}
