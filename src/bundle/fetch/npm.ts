import { Fault, isFault } from '../../fault/fault.ts';
import { integrityDigest } from './digest.ts';
import type { DownloadRequest } from './download.ts';
import type { Reach } from './reach.ts';

/** One package of the npm registry, pinned. */
export interface NpmPin {
  name: string;
  version: string;
  /** `sha512-<base64>`, as `npm view <name>@<version> dist.integrity` tells it */
  integrity: string;
}

/** The registry this host's npm uses; `npm_config_registry` overrules, the public one is npm's own default. */
export async function npmRegistry(reach: Reach, signal: AbortSignal): Promise<string> {
  const given = reach.env.npm_config_registry ?? reach.env.NPM_CONFIG_REGISTRY;
  const found = given || (await askNpm(reach, signal));
  return found.endsWith('/') ? found : `${found}/`;
}

async function askNpm(reach: Reach, signal: AbortSignal): Promise<string> {
  try {
    return (await reach.run('npm', ['config', 'get', 'registry'], { signal })).trim();
  } catch (cause) {
    if (!isFault(cause, 'prerequisite-missing')) throw cause;
    throw new Fault('prerequisite-missing', 'npm is not here to say which registry to use', {
      cause,
      hint: 'install npm, or set npm_config_registry to the address of a registry',
    });
  }
}

/** Where every registry keeps the tarball of a package: `<registry>/@scope/name/-/name-1.2.3.tgz`. */
export function npmRequest(registry: string, pin: NpmPin): DownloadRequest {
  const base = pin.name.split('/').at(-1) ?? pin.name;
  return {
    url: `${registry}${pin.name}/-/${base}-${pin.version}.tgz`,
    digest: integrityDigest(pin.integrity),
    label: `${pin.name}@${pin.version}`,
  };
}
