import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Folder } from '../bundle/folder.ts';
import { Fault, systemCode } from '../fault/fault.ts';
import { readJson } from '../platform/json-file.ts';
import { type Profile, profileSchema } from './profile.ts';

/** Where profiles live: the user's own, first, and those that came with the folder. */
export function profileFolders(folder: Folder): readonly [own: string, builtIn: string] {
  return [join(folder.state, 'profiles'), join(folder.root, 'profiles')];
}

/** Names of all profiles, sorted, each once. */
export async function listProfiles(folder: Folder): Promise<string[]> {
  const lists = await Promise.all(profileFolders(folder).map(namesIn));
  return [...new Set(lists.flat())].sort();
}

/**
 * The user's own profile of that name, else the built-in one.
 * @throws Fault `profile-unknown` listing those that exist, `config-invalid` when the file does not fit
 */
export async function loadProfile(folder: Folder, name: string): Promise<Profile> {
  // Only names that are there are opened, so a name can never be a path.
  for (const place of profileFolders(folder)) {
    if (!(await namesIn(place)).includes(name)) continue;
    const path = join(place, `${name}.json`);
    const profile = await readJson(path, profileSchema);
    if (profile === undefined) continue;
    if (profile.name === name) return profile;
    throw new Fault('config-invalid', `${path} calls itself ${JSON.stringify(profile.name)}`, {
      hint: 'a profile is named like its file',
    });
  }
  throw new Fault('profile-unknown', `there is no profile named ${JSON.stringify(name)}`, {
    hint: `profiles: ${(await listProfiles(folder)).join(', ')}`,
  });
}

async function namesIn(place: string): Promise<string[]> {
  try {
    const files = await readdir(place);
    return files
      .filter((file) => file.endsWith('.json') && !file.startsWith('.'))
      .map((file) => file.slice(0, -'.json'.length));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
