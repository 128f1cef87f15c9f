import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChannelStream } from '../../src/channel/channel-stream.ts';
import { EXEC, type ExecEvent, ExecRequest, type WindowSize } from '../../src/channel/messages/exec.ts';
import { conversation, serve } from '../../src/channel/methods.ts';
import { exec } from '../../src/guest/exec.ts';
import { PipePool } from '../../src/guest/pipe-pool.ts';
import { Line } from '../channel/line.ts';

export interface RunOptions {
  input?: Buffer;
  /** do not end the input */
  leaveOpen?: boolean;
  cwd?: string;
  env?: Record<string, string>;
  terminal?: WindowSize;
  /** milliseconds before credit is given back for what came */
  readAfter?: number;
  /** sends SIGINT once this has been shown */
  signalAt?: string;
  /** makes the terminal 50 by 120 once this has been shown */
  resizeAt?: string;
  /** types this once that has been shown, then ends the input */
  typeAt?: [shown: string, keys: Buffer];
}

export interface Ran {
  stdout: Buffer;
  stderr: Buffer;
  code: number | null;
  signal: string | null;
}

/** The exec half of the agent daemon on this host, behind a real socket. */
export class Guest {
  readonly #line: Line;

  private constructor(line: Line) {
    this.#line = line;
  }

  static async with<T>(work: (guest: Guest) => Promise<T>): Promise<T> {
    const home = mkdtempSync(join(tmpdir(), 'pipes-'));
    try {
      const pool = new PipePool(home);
      const serving = conversation(ExecRequest, (asked, stream) => exec(asked, stream, pool));
      await using line = await Line.join({ guest: serve({ [EXEC]: serving }) });
      return await work(new Guest(line));
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  }

  open(argv: string[], options: RunOptions = {}): ChannelStream {
    const { cwd = process.cwd() === '/' ? tmpdir() : process.cwd(), env = {}, terminal } = options;
    return this.#line.host.open(EXEC, {
      argv,
      cwd,
      env,
      user: 'root',
      ...(terminal === undefined ? {} : { terminal }),
    });
  }

  async run(argv: string[], options: RunOptions = {}): Promise<Ran> {
    const stream = this.open(argv, options);
    const out: [Buffer[], Buffer[]] = [[], []];
    const ran = { code: null, signal: null } as Pick<Ran, 'code' | 'signal'>;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const starts = Date.now() + (options.readAfter ?? 0);
    let reacted = false;
    stream.listen({
      message: (value) => {
        const event = value as ExecEvent;
        if (event.type === 'exit') Object.assign(ran, { code: event.code, signal: event.signal });
      },
      data: async (chunk, lane) => {
        out[lane === 1 ? 1 : 0].push(Buffer.from(chunk));
        if (Date.now() < starts) await sleep(starts - Date.now());
        stream.consumed(chunk.byteLength);
        if (!reacted) reacted = react(stream, options, Buffer.concat(out[0]).subarray(0, 1000).toString());
      },
      end: () => stream.end(),
      closed: (error) => (error === undefined ? resolve() : reject(error)),
    });
    if (options.input !== undefined) stream.write(options.input).catch(() => {});
    if (options.leaveOpen !== true && options.typeAt === undefined) stream.end();
    await promise;
    return { stdout: Buffer.concat(out[0]), stderr: Buffer.concat(out[1]), ...ran };
  }
}

function react(stream: ChannelStream, options: RunOptions, shown: string): boolean {
  const { signalAt, resizeAt, typeAt, leaveOpen } = options;
  if (signalAt !== undefined && shown.includes(signalAt))
    stream.sendAhead({ type: 'signal', signal: 'SIGINT' });
  else if (resizeAt !== undefined && shown.includes(resizeAt))
    stream.sendAhead({ type: 'resize', size: { rows: 50, columns: 120 } });
  else if (typeAt !== undefined && shown.includes(typeAt[0])) {
    void stream.write(typeAt[1]);
    if (leaveOpen !== true) stream.end();
  } else return false;
  return true;
}
