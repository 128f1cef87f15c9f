import * as z from 'zod/mini';

const text = (limit: number) => z.string().check(z.maxLength(limit));

/** Methods of the guest's half of git; docs/protocol.md says what travels on lane 0 of each. */
export const GIT_STATE = 'git-state';
export const GIT_REFS = 'git-refs';
export const GIT_BRING = 'git-bring';
export const GIT_PACK = 'git-pack';

const root = text(400).check(z.regex(/^\/home\/portable\/projects\/[^/\0]+$/));
/** the guest's copy of one project */
export const GitRequest = z.object({ root });
export type GitRequest = z.infer<typeof GitRequest>;

/** Method `git-refs`: all of them, or only those that are not as the host brought them. */
export const GitRefsRequest = z.object({ root, of: z.enum(['all', 'changed']) });
export type GitRefsRequest = z.infer<typeof GitRefsRequest>;

/** What the guest's copy has: `ours` was brought by a host, `foreign` was made in the guest itself. */
export const GitState = z.object({
  git: z.boolean(),
  repository: z.enum(['none', 'ours', 'foreign']),
  /** what the host brought last, as the host named it */
  brought: z.optional(text(64)),
});
export type GitState = z.infer<typeof GitState>;

export const ObjectName = z.string().check(z.regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/));
const RefName = text(1024).check(z.regex(/^refs\/[^\0\n ]+$/));

/** Settings that decide what `git status` says, and whose commits these are. Every other setting stays on the host. */
export const CARRIED_SETTINGS = [
  'user.name',
  'user.email',
  'core.filemode',
  'core.autocrlf',
  'core.eol',
  'core.sparsecheckout',
  'core.sparsecheckoutcone',
] as const;
export type CarriedSettings = Partial<Record<(typeof CARRIED_SETTINGS)[number], string>>;

export const GitHead = z.object({ ref: z.optional(RefName), commit: z.optional(ObjectName) });
export type GitHead = z.infer<typeof GitHead>;

/** The head of a delivery on lane 0 of `git-bring`; the files follow, in order, each of its size. */
export const GitDelivery = z.object({
  /** names this state of the host's repository */
  brought: text(64),
  format: z.enum(['sha1', 'sha256']),
  head: GitHead,
  refs: z.array(z.tuple([RefName, ObjectName])).check(z.maxLength(20_000)),
  settings: z.partialRecord(z.enum(CARRIED_SETTINGS), text(1024)),
  exclude: text(256 * 1024),
  sparse: text(256 * 1024),
  shallow: z.array(ObjectName).check(z.maxLength(10_001)),
  /** digest that names the pack */
  pack: z.optional(ObjectName),
  /** modification time of the host's index, milliseconds since 1970 */
  indexTime: z.number(),
  /** digest of what is staged: another one means that somebody staged something */
  indexMark: text(64),
  files: z
    .array(z.object({ name: z.enum(['pack', 'idx', 'index']), size: z.int().check(z.minimum(0)) }))
    .check(z.maxLength(3)),
});
export type GitDelivery = z.infer<typeof GitDelivery>;

/** Bytes of a delivery's head. */
export const DELIVERY_HEAD = 8 * 2 ** 20;

/** What the guest answers to a delivery: refs of its own that had gone another way and are kept under another name, refs it could not set. */
export const GitBrought = z.object({
  aside: z.array(text(1024)).check(z.maxLength(100)),
  missed: z.array(text(1024)).check(z.maxLength(100)),
});
export type GitBrought = z.infer<typeof GitBrought>;
