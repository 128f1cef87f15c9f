import * as z from 'zod/mini';
import { GuestInfo } from '../channel/messages/guest.ts';

/** Methods of the supervisor's socket, as the commands call them. */
export const STATUS = 'status';
export const START = 'start';
export const STOP = 'stop';
export const SESSION = 'session';
export const SSH_ACCESS = 'ssh-access';
export const PING = 'ping';
export const CHANGES = 'changes';
export const DECIDE = 'decide';

export const Nothing = z.object({});

export const StatusReply = z.object({
  machine: z.string(),
  state: z.enum(['stopped', 'starting', 'running', 'reconnecting', 'stopping']),
  reason: z.optional(z.string()),
  supervisor: z.object({ pid: z.int(), resident: z.number() }),
  run: z.optional(
    z.object({
      pid: z.int(),
      accelerator: z.string(),
      reason: z.string(),
      since: z.string(),
      start: z.enum(['cold', 'golden', 'resumed']),
      resident: z.optional(z.number()),
    }),
  ),
  guest: z.optional(GuestInfo),
  sshPort: z.optional(z.int()),
  sessions: z.array(z.object({ id: z.string(), work: z.string(), project: z.string(), state: z.string() })),
  notes: z.array(z.string()),
});
export type StatusReply = z.infer<typeof StatusReply>;

export const SshAccess = z.object({ port: z.int(), config: z.string(), host: z.string() });
export type SshAccess = z.infer<typeof SshAccess>;

const ProgressMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('step'), step: z.string() }),
  z.object({
    type: z.literal('amount'),
    step: z.string(),
    done: z.number(),
    total: z.optional(z.number()),
    unit: z.enum(['bytes', 'items']),
  }),
  z.object({ type: z.literal('done'), step: z.string() }),
  z.object({ type: z.literal('note'), text: z.string() }),
]);

const ReportMessage = z.object({
  type: z.literal('report'),
  changed: z.array(z.string()),
  deleted: z.array(z.string()),
  conflicts: z.array(z.string()),
  refused: z.array(z.object({ path: z.string(), reason: z.string() })),
  waiting: z.array(z.object({ path: z.string(), reason: z.string() })),
  /** how many of those that wait this session made */
  freshWaiting: z.int(),
  /** what was committed in the guest, by the refs it has on the host */
  commits: z.optional(z.array(z.object({ ref: z.string(), count: z.int(), subjects: z.array(z.string()) }))),
  /** how many more of each there were than are listed */
  omitted: z.object({
    changed: z.int(),
    deleted: z.int(),
    conflicts: z.int(),
    refused: z.int(),
    waiting: z.int(),
  }),
});

/** What a session tells its command, beside the program's output. */
export const SessionEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), event: ProgressMessage }),
  z.object({ type: z.literal('session'), id: z.string(), guestPath: z.string() }),
  z.object({ type: z.literal('started') }),
  ReportMessage,
  z.object({ type: z.literal('exit'), code: z.nullable(z.int()), signal: z.nullable(z.string()) }),
]);
export type SessionEvent = z.infer<typeof SessionEvent>;

export const StartRequest = z.object({
  /** milliseconds nobody must have used the machine until it is suspended */
  idle: z.optional(z.int().check(z.minimum(1))),
});
/** Where a start has got to; the stream ends when the machine is up. */
export const StartEvent = z.object({ type: z.literal('progress'), event: ProgressMessage });

export const StopRequest = z.object({
  goal: z._default(z.enum(['suspend', 'shutdown', 'abandon']), 'suspend'),
  /** refused while a session runs or the machine is on its way up */
  onlyIdle: z._default(z.boolean(), false),
});
export const StopReply = z.object({ manner: z.string() });

const paths = z.array(z.string().check(z.maxLength(4096))).check(z.maxLength(1000));

export const ChangesRequest = z.object({
  /** absolute path of the host's project folder */
  project: z.string().check(z.maxLength(4096)),
  /** at or below these project paths; none: all */
  paths,
  diff: z.boolean(),
});
/** What waits, one by one; the stream ends after the last. */
export const ChangesEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), event: ProgressMessage }),
  z.object({
    type: z.literal('change'),
    path: z.string(),
    change: z.enum(['new', 'changed', 'removed']),
    kind: z.enum(['file', 'folder', 'link']),
    reason: z.string(),
    /** the diff is so many pieces, which follow */
    pieces: z.int(),
  }),
  z.object({ type: z.literal('piece'), text: z.string() }),
]);

export const DecideRequest = z.object({
  project: z.string().check(z.maxLength(4096)),
  goal: z.enum(['apply', 'discard']),
  paths,
  /** also what was not shown, or was changed since */
  unseen: z.boolean(),
});
export const DecideEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), event: ProgressMessage }),
  ReportMessage,
  /** chosen, but left as it is */
  z.object({ type: z.literal('unseen'), paths: z.array(z.string()), more: z.int() }),
]);
