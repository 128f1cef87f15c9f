import * as z from 'zod/mini';

/** Methods of the guest's half of the exchange; docs/protocol.md says what travels on lane 0 of each. */
export const EXCHANGE_SCAN = 'exchange-scan';
export const EXCHANGE_GET = 'exchange-get';
export const EXCHANGE_PUT = 'exchange-put';
/** Open as long as changes in the guest's copy are to be noticed. */
export const EXCHANGE_WATCH = 'exchange-watch';

const place = {
  /** the guest's copy of one project: a folder of its own below the guest user's home */
  root: z.string().check(z.maxLength(400), z.regex(/^\/home\/portable\/projects\/[^/\0]+$/)),
  session: z.string().check(z.maxLength(64)),
};

export const ExchangeRequest = z.object(place);
export type ExchangeRequest = z.infer<typeof ExchangeRequest>;

export const ScanRequest = z.object({
  ...place,
  /** the state the host knows: only what has changed since need be told */
  since: z.optional(z.string().check(z.maxLength(64))),
  /** look at what was noticed instead of at everything */
  noticed: z.optional(z.boolean()),
});

/** Once for all that is noticed until the next scan. */
export const WatchEvent = z.object({
  /** why nothing can be noticed from now on */
  blind: z.optional(z.string().check(z.maxLength(1000))),
});
