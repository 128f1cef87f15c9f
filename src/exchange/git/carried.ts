import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { CARRIED_SETTINGS, type CarriedSettings } from '../../channel/messages/git.ts';
import type { HostRepository } from './repository.ts';

/** The few settings that travel, each only with a value of the kind it can have: nothing that names a program, a file or a place. */
export function carriedSettings(config: ReadonlyMap<string, string>): CarriedSettings {
  const carried: CarriedSettings = {};
  for (const name of CARRIED_SETTINGS) {
    const value = config.get(name);
    if (value !== undefined && ALLOWED[name].test(value)) carried[name] = value;
  }
  return carried;
}

const PERSON = /^[^\0-\x1f\x7f]{1,256}$/;
const SWITCH = /^(true|false)$/;
const ALLOWED: Record<(typeof CARRIED_SETTINGS)[number], RegExp> = {
  'user.name': PERSON,
  'user.email': PERSON,
  'core.filemode': SWITCH,
  // What is in the work tree has the host's line endings: another rule would show every file as changed.
  'core.autocrlf': /^(true|false|input)$/,
  'core.eol': /^(lf|crlf|native)$/,
  'core.sparsecheckout': SWITCH,
  'core.sparsecheckoutcone': SWITCH,
};

/**
 * What git ignores besides `.gitignore`: the repository's own list and the user's. Without them `git add -A` would commit editors' files.
 * Where the user's is, only the user's configuration says: a repository's may include a file of the project, and whoever writes that one
 * could name any file of the host here.
 */
export async function carriedExcludes({ files, ownConfig }: HostRepository): Promise<string> {
  const own = ownConfig.get('core.excludesfile');
  const [repository, user] = await Promise.all([
    readSmall(files.exclude),
    readSmall(own === undefined ? join(homedir(), '.config/git/ignore') : inHome(own)),
  ]);
  return [user, repository].filter((text) => text !== '').join('\n');
}

export async function sparsePatterns({ files, config }: HostRepository): Promise<string> {
  return config.get('core.sparsecheckout') === 'true' ? await readSmall(files.sparse) : '';
}

function inHome(path: string): string {
  if (path.startsWith('~/')) return join(homedir(), path.slice(2));
  return isAbsolute(path) ? path : '';
}

const SMALL = 64 * 1024;

/** A file that is not there, not plain or too large counts as empty. */
async function readSmall(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const stats = await file.stat();
      if (!stats.isFile() || stats.size > SMALL) return '';
      return (await file.readFile('utf8')).replaceAll('\0', '');
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}
