import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { CarriedSettings, GitHead } from '../../channel/messages/git.ts';
import { carriedExcludes, carriedSettings, sparsePatterns } from './carried.ts';
import { GIT_LIMITS } from './limits.ts';
import { GitRefusal } from './refusal.ts';
import type { HostRepository } from './repository.ts';

/** All of the host's repository that the guest's is made like, but for the objects. */
export interface HostState {
  head: GitHead;
  /** heads, tags and remote-tracking branches */
  refs: [name: string, object: string][];
  settings: CarriedSettings;
  exclude: string;
  sparse: string;
  /** undefined when there is none */
  index: IndexState | undefined;
  /** names this state: two alike have nothing to send */
  name: string;
}

export interface IndexState {
  /** modification time, milliseconds since 1970 */
  time: number;
  /** changes whenever git writes it */
  stamp: string;
  /** changes when something is staged: `git status` writes it anew with other times alone */
  mark: string;
}

/**
 * Reads it without a lock and without writing.
 * @param last the index as it was seen the last time: unchanged, it is not read
 * @throws GitRefusal
 */
export async function readHostState(
  repository: HostRepository,
  last?: Pick<IndexState, 'stamp' | 'mark'>,
): Promise<HostState> {
  const [{ refs, head }, exclude, sparse, index] = await Promise.all([
    readRefs(repository),
    carriedExcludes(repository),
    sparsePatterns(repository),
    readIndex(repository, last),
  ]);
  const settings = carriedSettings(repository.config);
  const all = [1, repository.format, head, refs, settings, exclude, sparse, repository.shallow, index?.mark];
  return {
    head,
    refs,
    settings,
    exclude,
    sparse,
    index,
    name: createHash('sha256').update(JSON.stringify(all)).digest('hex'),
  };
}

async function readRefs({ git }: HostRepository): Promise<Pick<HostState, 'refs' | 'head'>> {
  const out = await git.ask([
    'for-each-ref',
    '--format=%(HEAD)%(objectname) %(refname) %(symref)',
    ...['heads', 'tags', 'remotes'].map((kind) => `refs/${kind}`),
  ]);
  const refs: HostState['refs'] = [];
  let head: GitHead | undefined;
  for (const line of out.toString().split('\n')) {
    const [, mark, commit = '', ref = '', symbolic] = LINE.exec(line) ?? [];
    if (mark === '*') head = { ref, commit };
    // `origin/HEAD` points at another one.
    if (symbolic === '') refs.push([ref, commit]);
  }
  refs.sort((a, b) => kindOf(a[0]) - kindOf(b[0]));
  return { refs: refs.slice(0, GIT_LIMITS.refs), head: head ?? (await unusualHead(git)) };
}

// Bytes that are no UTF-8 would come back as another name.
const LINE = /^([* ])([0-9a-f]+) (refs\/[^ \ufffd]{1,1000}) (.*)$/;

/** Remote-tracking branches are the first to be left out where there are too many. */
function kindOf(name: string): number {
  return ['refs/heads/', 'refs/tags/', 'refs/remotes/'].findIndex((kind) => name.startsWith(kind));
}

/** No commit yet, or none that a branch names. */
async function unusualHead(git: HostRepository['git']): Promise<GitHead> {
  const [symbolic, commit] = await Promise.all([
    git.call(['symbolic-ref', '-q', 'HEAD']),
    git.call(['rev-parse', '-q', '--verify', 'HEAD^{commit}']),
  ]);
  const ref = symbolic.out.toString().trim();
  if (symbolic.code === 0 && /^refs\/heads\/[^ \ufffd]+$/.test(ref)) return { ref };
  if (commit.code === 0) return { commit: commit.out.toString().trim() };
  throw new GitRefusal('its HEAD names no commit and no branch');
}

async function readIndex(
  { git, files }: HostRepository,
  last: Pick<IndexState, 'stamp' | 'mark'> | undefined,
): Promise<IndexState | undefined> {
  const found = await stampOf(files.index);
  if (found === undefined) return undefined;
  if (found.stamp === last?.stamp) return { ...found, mark: last.mark };
  const entries = await git.ask(['ls-files', '--stage', '-v', '-z'], { most: 1 << 30 });
  return { ...found, mark: createHash('sha256').update(entries).digest('hex') };
}

/** Git ends the file with its digest, unless `index.skipHash` is set, and then time and size have to do. */
async function stampOf(path: string): Promise<Pick<IndexState, 'time' | 'stamp'> | undefined> {
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { size, mtimeNs } = await file.stat({ bigint: true });
    const end = Buffer.alloc(Math.min(32, Number(size)));
    await file.read(end, 0, end.length, Number(size) - end.length);
    return { time: Number(mtimeNs / 1_000_000n), stamp: `${size} ${mtimeNs} ${end.toString('hex')}` };
  } finally {
    await file.close();
  }
}
