import * as z from 'zod/mini';

/** Method `egress`, opened by the guest: one TCP connection to the world, as bytes on lane 0 once the host has answered `connected`. */
export const EGRESS = 'egress';

export const EgressRequest = z.object({
  /** name or literal address, as the guest program asked for it */
  host: z.string().check(z.minLength(1), z.maxLength(253)),
  port: z.int().check(z.minimum(1), z.maximum(65_535)),
  /** which session asks, proven by its token */
  session: z.string().check(z.maxLength(64)),
  token: z.string().check(z.maxLength(128)),
});
export type EgressRequest = z.infer<typeof EgressRequest>;

export const EgressAnswer = z.object({ type: z.literal('connected') });

/** Where the guest's own proxy listens, inside the guest. */
export const GUEST_PROXY_PORT = 3128;
