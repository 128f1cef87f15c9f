import { Fault } from '../../fault/fault.ts';
import type { Digest } from './digest.ts';

/** One Debian package file, as apt's signed lists describe it. */
export interface DebPackage {
  name: string;
  version: string;
  url: string;
  size: number;
  digest: Digest;
  /** the name apt gives the file in its own archive folder */
  fileName: string;
}

/**
 * Reads what `apt-get --print-uris install …` prints with `Acquire::ForceHash "SHA256"`: `'URI' name_version_arch.deb size
 * SHA256:hex` lines among others. A colon in a version is written `%3a` in the file name.
 * @throws Fault `fetch-failed` when a package has no SHA-256 (an MD5 pins nothing)
 */
export function parsePrintUris(text: string): DebPackage[] {
  return text.split('\n').flatMap((line) => {
    const match = /^'([^']+)' (\S+\.deb) (\d+) (\S+)$/.exec(line.trim());
    if (match === null) return [];
    const [, url = '', fileName = '', size = '', hash = ''] = match;
    const hex = /^SHA256:([0-9a-f]{64})$/.exec(hash)?.[1];
    if (hex === undefined)
      throw new Fault('fetch-failed', `the package lists give no SHA-256 for ${fileName}`);
    const [name = '', version = ''] = fileName.split('_');
    return [
      {
        name,
        version: version.replaceAll('%3a', ':'),
        url,
        size: Number(size),
        digest: { algorithm: 'sha256', hex },
        fileName,
      },
    ];
  });
}
