import * as z from 'zod/mini';
import { GIT_COMMITS } from '../bundle/settings.ts';
import { WindowSize } from '../channel/messages/exec.ts';

const text = (limit: number) => z.string().check(z.maxLength(limit));
const argv = z.array(text(128 * 1024)).check(z.maxLength(10_000));

/**
 * How project files travel: `live` as they change, `review` in before the run and back when a person has said so, `once`
 * before and after the run, `none` not at all.
 */
export const ExchangeMode = z.enum(['live', 'review', 'once', 'none']);
export type ExchangeMode = z.infer<typeof ExchangeMode>;

/** What becomes of commits made in the guest; `none`: the guest gets no repository at all. */
export const GitCommits = z.enum(GIT_COMMITS);
export type GitCommits = z.infer<typeof GitCommits>;

const Work = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('command'), argv }),
  z.object({ kind: z.literal('shell') }),
  z.object({
    kind: z.literal('tool'),
    tool: text(64),
    profile: text(64),
    args: argv,
    /** the key found in the host's environment; in memory only */
    credential: z.optional(z.object({ name: text(128), value: text(16_384) })),
  }),
]);

/** One session as a command asks the supervisor for it. */
export const SessionRequest = z.object({
  /** absolute path of the host's project folder */
  project: text(4096),
  work: Work,
  exchange: ExchangeMode,
  /** otherwise the settings decide */
  gitCommits: z.optional(GitCommits),
  /** `HOST[:PORT]` a person allowed for this session */
  allow: z.array(text(300)).check(z.maxLength(200)),
  /** milliseconds nobody must have used the machine until it is suspended */
  idle: z.optional(z.int().check(z.minimum(1))),
  terminal: z.optional(WindowSize),
  /** the terminal's kind, for the guest's TERM */
  term: z.optional(text(64)),
});
export type SessionRequest = z.infer<typeof SessionRequest>;
