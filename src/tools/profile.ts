import * as z from 'zod/mini';
import { WIRE_APIS } from './wire-api.ts';

/** In the guest this name is the host's own loopback, for the port a profile names and no other. */
export const HOST_NAME = 'host.pcoder.internal';

/** Stands in a scripted profile's base URL for the port the model got when it started. */
export const PORT_PLACEHOLDER = '{port}';

const hostPort = z.strictObject({
  name: z
    .string()
    .check(z.maxLength(253), z.regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/, 'must be a lower-case host name')),
  port: z.int().check(z.minimum(1), z.maximum(65535)),
});

const endpoint = z.strictObject({
  baseUrl: z
    .string()
    .check(
      z.maxLength(500),
      z.refine(
        isBaseUrl,
        `must be an https URL without user, query or fragment (http only for ${HOST_NAME})`,
      ),
    ),
  /** host variables that may carry the key, in order of preference */
  keyEnvironment: z._default(
    z
      .array(z.string().check(z.regex(/^[A-Z_][A-Z0-9_]{0,99}$/, 'must be an environment variable')))
      .check(z.maxLength(10)),
    [],
  ),
  /** places this API needs beside the base URL's */
  hosts: z._default(z.array(hostPort).check(z.maxLength(50)), []),
});

/** A provider: where it is, how it is spoken to, which variables carry its key. Never a secret. */
export const profileSchema = z
  .strictObject({
    name: z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be up to 40 of a-z, 0-9 and -')),
    description: z.string().check(z.maxLength(300)),
    apis: z
      .partialRecord(z.enum(WIRE_APIS), endpoint)
      .check(z.refine((apis) => Object.keys(apis).length > 0, 'must have at least one API')),
    /** tool → model; without one the tool's own default */
    models: z._default(
      z.record(z.string().check(z.maxLength(40)), z.string().check(z.minLength(1), z.maxLength(100))),
      {},
    ),
    /** further places its tools may reach */
    hosts: z._default(z.array(hostPort).check(z.maxLength(50)), []),
    /** answered by the scripted model on this host: no account, no key, no network */
    scripted: z._default(z.boolean(), false),
  })
  .check(
    z.refine(
      ({ apis, scripted }) =>
        Object.values(apis).every(({ baseUrl }) => baseUrl.includes(PORT_PLACEHOLDER) === scripted),
      `${PORT_PLACEHOLDER} stands in the base URLs of a scripted profile, and of no other`,
    ),
  );

export type Profile = z.infer<typeof profileSchema>;
export type ApiEndpoint = z.infer<typeof endpoint>;
export type HostPort = z.infer<typeof hostPort>;

function isBaseUrl(text: string): boolean {
  const filled = text.replace(PORT_PLACEHOLDER, '1');
  if (!URL.canParse(filled)) return false;
  const url = new URL(filled);
  const plain = url.protocol === 'http:' && url.hostname === HOST_NAME && url.port !== '';
  return (
    (url.protocol === 'https:' || plain) &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === ''
  );
}
