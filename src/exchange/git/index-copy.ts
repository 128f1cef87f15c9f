import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitRefusal } from './refusal.ts';
import type { HostRepository } from './repository.ts';

/**
 * A copy of the index that stands alone: one file, every entry, no caches of this host's. What is staged on the host is staged in the guest,
 * and because the exchange keeps sizes and times, `git status` there need not read a file.
 */
export async function copyIndex(repository: HostRepository, folder: string): Promise<string> {
  const copy = join(folder, 'index');
  await copyFile(repository.files.index, copy);
  await repository.git.ask(
    [
      ...['-c', 'index.sparse=false', '-c', 'core.splitIndex=false', '-c', 'feature.manyFiles=false'],
      'update-index',
      '--no-split-index',
      '--no-untracked-cache',
      '--no-fsmonitor',
      '--force-write-index',
    ],
    { env: { GIT_INDEX_FILE: copy } },
  );
  return copy;
}

/** Objects that are staged and in no commit yet. */
export async function stagedObjects(repository: HostRepository, copy: string): Promise<string[]> {
  const { git, format } = repository;
  const hasCommit = (await git.call(['rev-parse', '-q', '--verify', 'HEAD^{commit}'])).code === 0;
  const against = hasCommit ? 'HEAD' : EMPTY_TREE[format];
  const out = await git.ask(
    ['diff-index', '--cached', '--raw', '-z', '--no-abbrev', '--no-renames', against],
    {
      env: { GIT_INDEX_FILE: copy },
    },
  );
  const staged = new Set<string>();
  for (const item of out.toString('latin1').split('\0')) {
    const [, mode, object] = /^:\d+ (\d+) [0-9a-f]+ ([0-9a-f]+) [A-Z]/.exec(item) ?? [];
    // Nothing for what was removed or is in conflict; a submodule's commit is in another repository.
    if (object !== undefined && mode !== '160000' && !/^0+$/.test(object)) staged.add(object);
  }
  if (staged.size > 200_000) throw new GitRefusal('too much is staged on the host');
  return [...staged];
}

const EMPTY_TREE = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
} as const;
