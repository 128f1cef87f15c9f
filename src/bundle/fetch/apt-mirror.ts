import { readFile } from 'node:fs/promises';
import { Fault } from '../../fault/fault.ts';
import type { Reach } from './reach.ts';

export type Distribution = 'debian' | 'ubuntu';

/** Where a distribution's packages come from. Host names are never ours: they are the host's own, or given by the environment. */
export interface Mirrors {
  main: string;
  /** Debian keeps its security updates apart */
  security: string | undefined;
}

/**
 * `PCODER_DEBIAN_MIRROR` / `PCODER_UBUNTU_MIRROR` (and `…_SECURITY_MIRROR`) if set, else what the host's own apt uses.
 * @throws Fault `prerequisite-missing` when neither names one
 */
export async function findMirrors(
  distribution: Distribution,
  reach: Reach,
  signal: AbortSignal,
): Promise<Mirrors> {
  const prefix = `PCODER_${distribution.toUpperCase()}`;
  const given = reach.env[`${prefix}_MIRROR`];
  const givenSecurity = reach.env[`${prefix}_SECURITY_MIRROR`];
  if (given)
    return { main: withSlash(given), security: givenSecurity ? withSlash(givenSecurity) : undefined };
  const found = chooseMirrors(distribution, await hostMirrors(reach, signal));
  if (found !== undefined) return found;
  throw new Fault(
    'prerequisite-missing',
    `no ${distribution} mirror is known: this host's apt sources name none`,
    {
      hint: `set ${prefix}_MIRROR to the address of one, e.g. ${prefix}_MIRROR=http://your.mirror/${distribution}/`,
    },
  );
}

/** Which of the host's repository addresses serve this distribution: by the folder every mirror keeps it in. */
export function chooseMirrors(distribution: Distribution, addresses: readonly string[]): Mirrors | undefined {
  const ending = (folder: string) =>
    addresses.map(withSlash).find((address) => new URL(address).pathname.endsWith(`/${folder}/`));
  const main = ending(distribution);
  return main === undefined ? undefined : { main, security: ending(`${distribution}-security`) };
}

async function hostMirrors(reach: Reach, signal: AbortSignal): Promise<string[]> {
  const text = await reach.run('apt-get', ['indextargets', '--format', '$(REPO_URI)'], { signal });
  const addresses = [...new Set(text.split('\n').filter((line) => line !== ''))];
  const resolved = await Promise.all(addresses.map(behindMirrorFile));
  return resolved.filter((address) => /^https?:\/\//.test(address));
}

/** Debian's cloud images name a file that lists the mirrors, best first (`mirror+file:/etc/apt/mirrors/debian.list`). */
async function behindMirrorFile(address: string): Promise<string> {
  if (!address.startsWith('mirror+file:')) return address;
  const path = address
    .slice('mirror+file:'.length)
    .replace(/^\/\//, '')
    .replace(/(.)\/$/, '$1');
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n');
  return lines.find((line) => /^https?:/.test(line))?.split(/\s/)[0] ?? address;
}

function withSlash(address: string): string {
  return address.endsWith('/') ? address : `${address}/`;
}
