import * as z from 'zod/mini';
import { text } from './fields.ts';

/** Method `exec`: runs one program in the guest. Lane 0 carries stdin one way and stdout the other, lane 1 stderr. */
export const EXEC = 'exec';

const size = z.int().check(z.minimum(1), z.maximum(10_000));

export const WindowSize = z.object({ rows: size, columns: size });
export type WindowSize = z.infer<typeof WindowSize>;

export const ExecRequest = z.object({
  /** program and arguments; never a shell string */
  argv: z.array(text(128 * 1024)).check(z.minLength(1), z.maxLength(10_000)),
  cwd: text(4096),
  /** added to the guest user's own environment */
  env: z.record(text(256), text(128 * 1024)),
  user: z.enum(['portable', 'root']),
  /** present: a terminal of this size; absent: pipes */
  terminal: z.optional(WindowSize),
});
export type ExecRequest = z.infer<typeof ExecRequest>;

/** Signals a host may send to a guest program. */
export const SIGNALS = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGKILL',
  'SIGUSR1',
  'SIGUSR2',
  'SIGCONT',
  'SIGSTOP',
  'SIGTSTP',
] as const;

export const ExecControl = z.discriminatedUnion('type', [
  z.object({ type: z.literal('signal'), signal: z.enum(SIGNALS) }),
  z.object({ type: z.literal('resize'), size: WindowSize }),
]);
export type ExecControl = z.infer<typeof ExecControl>;

export const ExecEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('started'), pid: z.int() }),
  z.object({
    type: z.literal('exit'),
    code: z.nullable(z.int().check(z.minimum(0), z.maximum(255))),
    signal: z.nullable(text(16)),
  }),
]);
export type ExecEvent = z.infer<typeof ExecEvent>;
