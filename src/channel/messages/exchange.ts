import * as z from 'zod/mini';

/** Methods of the guest's half of the exchange; docs/protocol.md says what travels on lane 0 of each. */
export const EXCHANGE_SCAN = 'exchange-scan';
export const EXCHANGE_GET = 'exchange-get';
export const EXCHANGE_PUT = 'exchange-put';
export const EXCHANGE_FILL = 'exchange-fill';

export const ExchangeRequest = z.object({
  /** the guest's copy of one project: a folder of its own below the guest user's home */
  root: z.string().check(z.maxLength(400), z.regex(/^\/home\/portable\/projects\/[^/\0]+$/)),
  session: z.string().check(z.maxLength(64)),
});
export type ExchangeRequest = z.infer<typeof ExchangeRequest>;
