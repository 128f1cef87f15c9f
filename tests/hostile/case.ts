import type { HostTraits } from '../../src/exchange/host-traits.ts';
import type { Limits } from '../../src/exchange/shared/entry.ts';
import type { Reason } from '../../src/exchange/shared/reason.ts';
import type { FaultCode } from '../../src/fault/codes.ts';
import type { Claim } from './claims.ts';
import type { Lies } from './lying-guest.ts';

/** One attack by a guest, and what must come of it. */
export interface HostileCase {
  title: string;
  /** the host itself has links in it */
  needsLinks?: boolean | undefined;
  /** made on the host before, besides the project that is always there */
  host?: ((root: string) => void) | undefined;
  claims: readonly Claim[];
  lies?: Lies | undefined;
  limits?: Limits | undefined;
  expected: (traits: HostTraits) => Expected;
}

export interface Expected {
  /** the whole exchange ends so, with nothing of it on the host */
  fault?: FaultCode | undefined;
  /** path → reason; what is claimed below is not on the host either, all else is */
  refused?: Record<string, Reason> | undefined;
  /** claimed, and quietly not on the host */
  absent?: readonly string[] | undefined;
}

/** The same on every host. */
export function refused(path: string, reason: Reason): HostileCase['expected'] {
  return () => ({ refused: { [path]: reason } });
}

/** Refused where names of Windows count, an ordinary name elsewhere. */
export function refusedOnWindows(...paths: string[]): HostileCase['expected'] {
  return ({ windowsNames }) => ({
    refused: windowsNames ? Object.fromEntries(paths.map((path) => [path, 'host-name'])) : {},
  });
}

export function fault(code: FaultCode): HostileCase['expected'] {
  return () => ({ fault: code });
}

export const lands: HostileCase['expected'] = () => ({});
