import * as z from 'zod/mini';
import { hex, text } from './fields.ts';

/** Method `end-programs`: hangs up on every program a session runs; answers when all have ended. What runs in the background stays. */
export const END_PROGRAMS = 'end-programs';

/** Method `freeze`: flushes the disks and makes ready for a snapshot. After its answer the host sends nothing more on this connection. */
export const FREEZE = 'freeze';

/** Method `renew`: the first thing a guest hears after it came out of a snapshot, before any program runs. */
export const RENEW = 'renew';
export const Renewal = z.object({
  /** the host's wall clock, milliseconds since 1970 */
  now: z.number(),
  /** randomness of the host: two guests of one snapshot must not go on alike */
  entropy: hex(64),
  /** proves hosts from now on */
  bootKey: hex(32),
  sshHostKey: text(4096),
  sshAuthorizedKey: text(4096),
  /** read the time from the emulated timer: this host's processor counts at another rate than the one the kernel has measured */
  steadyClock: z.boolean(),
});
export type Renewal = z.infer<typeof Renewal>;

/** Method `identify`: names a guest whose disk came from another machine. */
export const IDENTIFY = 'identify';
export const Identity = z.object({
  machineId: hex(16),
  hostname: z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,62}$/)),
});
export type Identity = z.infer<typeof Identity>;

/** Method `clock`: moves the guest's wall clock by so many milliseconds (0 for none) and answers with what it then shows. */
export const CLOCK = 'clock';
export const Clock = z.object({ move: z.number() });
export type Clock = z.infer<typeof Clock>;
export const ClockReply = z.object({ now: z.number() });
