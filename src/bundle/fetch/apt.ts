import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Fault, isFault } from '../../fault/fault.ts';
import { writeWhole } from '../../platform/whole-file.ts';
import { type Distribution, findMirrors, type Mirrors } from './apt-mirror.ts';
import { type DebPackage, parsePrintUris } from './print-uris.ts';
import type { Reach } from './reach.ts';
import { retryHint } from './retry.ts';

/** One release of a distribution and how to know its signature. */
export interface AptRelease {
  distribution: Distribution;
  /** the release's code name */
  suite: string;
  components: readonly string[];
  /** absolute path of the keyring that signs it */
  keyring: string;
}

/** An apt of our own: its lists, cache and (empty) status file are ours, so no root is needed and the host's apt is not touched. */
export interface PrivateApt {
  /** the lines of its `sources.list` */
  sources: string[];
  /** how the host reaches mirrors: lines of an apt.conf */
  settings: string[];
  /** Every package an empty system would need for these (without what is only recommended). */
  resolve(packages: readonly string[]): Promise<DebPackage[]>;
}

/**
 * Makes the private apt under `home` and fetches the release's signed lists.
 * @throws Fault `prerequisite-missing` (no apt, no keyring, no mirror), `fetch-failed`
 */
export async function openApt(
  home: string,
  release: AptRelease,
  reach: Reach,
  signal: AbortSignal,
): Promise<PrivateApt> {
  await access(release.keyring).catch((cause: unknown) => {
    throw new Fault(
      'prerequisite-missing',
      `the signing keys of ${release.distribution} are not here: ${release.keyring}`,
      {
        cause,
        hint: `sudo apt-get install -y ${release.distribution}-archive-keyring`,
      },
    );
  });
  const mirrors = await findMirrors(release.distribution, reach, signal);
  const sources = sourceLines(release, mirrors);
  await Promise.all(
    ['lists/partial', 'cache/archives/partial', 'parts'].map((name) =>
      mkdir(join(home, name), { recursive: true }),
    ),
  );
  await writeWhole(join(home, 'status'), '');
  await writeWhole(join(home, 'sources.list'), `${sources.join('\n')}\n`);
  const settings = hostSettings(await reach.run('apt-config', ['dump'], { signal }));
  await writeWhole(join(home, 'apt.conf'), aptConfiguration(home, release.keyring, settings));

  const apt = (args: readonly string[]) =>
    reach.run('apt-get', args, { env: { APT_CONFIG: join(home, 'apt.conf') }, signal });
  await apt(['update', '-q']).catch((error: unknown) => {
    if (isFault(error, 'interrupted')) throw error;
    throw new Fault(
      'fetch-failed',
      `the package lists of ${release.distribution} ${release.suite} could not be fetched`,
      {
        cause: error,
        hint: retryHint,
      },
    );
  });
  return {
    sources,
    settings,
    async resolve(packages) {
      return parsePrintUris(await apt(['install', '-q', '-y', '--print-uris', ...packages]));
    },
  };
}

/** One line per source. No `signed-by`: the only trusted keyring is named in the configuration, where a path may have spaces. */
export function sourceLines(release: AptRelease, mirrors: Mirrors): string[] {
  const components = release.components.join(' ');
  const security = mirrors.security ?? (release.distribution === 'ubuntu' ? mirrors.main : undefined);
  const lines = [
    `deb ${mirrors.main} ${release.suite} ${components}`,
    `deb ${mirrors.main} ${release.suite}-updates ${components}`,
  ];
  if (security !== undefined) lines.push(`deb ${security} ${release.suite}-security ${components}`);
  return lines;
}

/** How the host reaches mirrors (proxies, date checks) is its administrator's decision and taken over; its hooks are not. */
export function hostSettings(dump: string): string[] {
  return dump.split('\n').filter((line) => /^Acquire::(http|https|Check-)[^ ]* "[^"]/.test(line));
}

export function aptConfiguration(home: string, keyring: string, settings: readonly string[]): string {
  const own = [
    `Dir::State ${quoted(home)};`,
    `Dir::State::lists ${quoted(join(home, 'lists'))};`,
    `Dir::State::status ${quoted(join(home, 'status'))};`,
    `Dir::Cache ${quoted(join(home, 'cache'))};`,
    `Dir::Etc::sourcelist ${quoted(join(home, 'sources.list'))};`,
    `Dir::Etc::parts ${quoted(join(home, 'parts'))};`,
    `Dir::Etc::trusted ${quoted(keyring)};`,
    'Dir::Etc::main "/dev/null";',
    'Dir::Etc::sourceparts "/dev/null";',
    'Dir::Etc::trustedparts "/dev/null";',
    'Dir::Etc::preferences "/dev/null";',
    'Dir::Etc::preferencesparts "/dev/null";',
    'APT::Architecture "amd64";',
    'APT::Architectures { "amd64"; };',
    'APT::Install-Recommends "false";',
    'APT::Update::Error-Mode "any";',
    // As root apt would fetch as the user _apt, who cannot enter a private folder.
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    'Acquire::ForceHash "SHA256";',
  ];
  return `${[...settings, ...own].join('\n')}\n`;
}

function quoted(text: string): string {
  if (text.includes('"') || text.includes('\n'))
    throw new Fault('folder-unwritable', `apt cannot work in a folder of this name: ${text}`);
  return `"${text}"`;
}
