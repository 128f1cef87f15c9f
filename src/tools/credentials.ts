import { Fault } from '../fault/fault.ts';
import type { ToolAdapter } from './adapter.ts';
import { endpointOf } from './endpoint.ts';
import type { Profile } from './profile.ts';

/** A key found in the host's environment. It lives in memory only; never print, log or write `value`. */
export interface Credential {
  /** the host variable it was found in */
  readonly name: string;
  readonly value: string;
}

/** Longest value taken from a variable; provider keys and tokens are far shorter. */
const MAX_LENGTH = 16_384;

/**
 * The key this tool uses with this profile: the first variable that is set, in the profile's order (the adapter's when
 * the profile names none). Undefined for a scripted profile, which needs none.
 * @throws Fault `credentials-missing`; no value ever stands in a message
 */
export function findCredentials(
  adapter: Pick<ToolAdapter, 'name' | 'api' | 'keyEnvironment'>,
  profile: Profile,
  env: Readonly<Record<string, string | undefined>>,
): Credential | undefined {
  if (profile.scripted) return undefined;
  const { keyEnvironment } = endpointOf(profile, adapter.api);
  const names = keyEnvironment.length > 0 ? keyEnvironment : adapter.keyEnvironment;
  for (const name of names) {
    const value = env[name]?.trim();
    if (value === undefined || value === '') continue;
    if (value.length <= MAX_LENGTH && isHeaderText(value)) return { name, value };
    throw new Fault(
      'credentials-missing',
      `${name} does not hold a usable key: it is too long or has unprintable characters`,
      {
        hint: `set ${name} again; ${DEMO}`,
      },
    );
  }
  throw new Fault(
    'credentials-missing',
    `no key for ${adapter.name} with profile ${profile.name}: ${names.join(', ')} not set`,
    {
      hint: `export ${names[0]}=… and run the same command again; ${DEMO}`,
    },
  );
}

const DEMO = '--profile demo needs no key';

function isHeaderText(value: string): boolean {
  return /^[\x21-\x7e]+$/.test(value);
}
