import * as z from 'zod/mini';
import type { Connection } from '../src/channel/connection.ts';
import { Fault } from '../src/fault/fault.ts';
import type { SessionRequest } from '../src/session/request.ts';
import { SESSION, SessionEvent } from '../src/supervisor/protocol.ts';

export interface LibrarySession {
  /** either this command */
  argv?: readonly string[];
  /** or this agent */
  tool?: Omit<Extract<SessionRequest['work'], { kind: 'tool' }>, 'kind'>;
  /** names it may reach */
  allow?: readonly string[];
  input?: Iterable<Uint8Array>;
}

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
  return (await librarySession(connection, { argv, input, keep: false })).took;
}

/**
 * The same for any session without an exchange of files. `output` is what the program printed, unless `keep` is false.
 * @throws as above
 */
export async function librarySession(
  connection: Connection,
  given: LibrarySession & { keep?: boolean },
): Promise<{ took: number; output: Buffer }> {
  const { argv = [], tool, allow = [], input = [], keep = true } = given;
  const started = performance.now();
  const work: SessionRequest['work'] =
    tool === undefined ? { kind: 'command', argv: [...argv] } : { kind: 'tool', ...tool };
  const request: SessionRequest = { project: '/tmp', work, exchange: 'none', allow: [...allow] };
  const stream = connection.open(SESSION, request);
  const output: Uint8Array[] = [];
  const said: Uint8Array[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  stream.listen({
    message: (value) => {
      const event = z.safeParse(SessionEvent, value);
      if (event.success && event.data.type === 'exit') resolve(event.data.code);
    },
    data: (chunk, lane) => {
      if (keep) (lane === 1 ? said : output).push(Uint8Array.from(chunk));
      stream.consumed(chunk.byteLength);
    },
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
  const took = performance.now() - started;
  if (code === 0) return { took, output: Buffer.concat(output) };
  const words = Buffer.concat(said).toString().trim().slice(-400);
  const name = tool === undefined ? argv.join(' ') : tool.tool;
  throw new Fault(
    'check-failed',
    `${name} ended with code ${code}`,
    words === '' ? {} : { cause: new Error(words) },
  );
}
