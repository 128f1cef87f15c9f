import { randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { diskFault } from './shared/disk-fault.ts';
import { TEMPORARY_PREFIX } from './shared/ignore.ts';

/** What the host's file system can hold, found by trying rather than by asking which system it is. */
export interface HostTraits {
  /** names are compared without regard to case or Unicode form */
  caseInsensitive: boolean;
  /** names Windows reserves must be refused */
  windowsNames: boolean;
  execBits: boolean;
  links: boolean;
}

/**
 * Tries it in a temporary folder at the project's root.
 * @throws Fault `folder-unwritable`, `disk-full`
 */
export function probeHostTraits(root: string): HostTraits {
  const folder = `${root}/${TEMPORARY_PREFIX}probe-${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(folder, { mode: 0o700 });
    try {
      return tryIn(folder);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  } catch (error) {
    throw diskFault(root, error);
  }
}

function tryIn(folder: string): HostTraits {
  writeFileSync(`${folder}/name`, '', { mode: 0o600 });
  chmodSync(`${folder}/name`, 0o700);
  works(() => writeFileSync(`${folder}/${UMLAUT}`, ''));
  return {
    // APFS that tells letters apart still takes both forms of é for one name.
    caseInsensitive: exists(`${folder}/NAME`) || exists(`${folder}/${UMLAUT.normalize('NFD')}`),
    // A reserved character either fails or opens a stream of `name`: in both cases no such file appears.
    windowsNames:
      !works(() => writeFileSync(`${folder}/a:b`, '')) || !exists(`${folder}/a:b`) || exists(`${folder}/a`),
    execBits: (lstatSync(`${folder}/name`).mode & 0o111) !== 0 && !looksExecutable(folder),
    links: works(() => symlinkSync('name', `${folder}/link`)),
  };
}

const UMLAUT = '\u00e4';

/** File systems without the bit give it to every file or to none. */
function looksExecutable(folder: string): boolean {
  writeFileSync(`${folder}/plain`, '', { mode: 0o600 });
  return (lstatSync(`${folder}/plain`).mode & 0o111) !== 0;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function works(attempt: () => void): boolean {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}
