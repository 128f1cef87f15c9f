import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Progress } from '../../bundle/progress.ts';
import { visible } from '../../fault/visible.ts';
import { type DeliveredFile, deliveredFile, writeDelivery } from './delivery.ts';
import type { GuestGit } from './guest-git.ts';
import { readGuestRefs } from './guest-refs.ts';
import { type HostState, type IndexState, readHostState } from './host-state.ts';
import { copyIndex, stagedObjects } from './index-copy.ts';
import { kindsOf } from './known-objects.ts';
import { GIT_LIMITS, type GitLimits } from './limits.ts';
import { historySize, mebibytes, packForGuest } from './pack-for-guest.ts';
import { GitRefusal } from './refusal.ts';
import { type HostRepository, openRepository } from './repository.ts';
import { Scratch } from './scratch.ts';

export interface BringOptions {
  /** the project folder, as `refuseUnsuitableRoot` returned it */
  root: string;
  guest: GuestGit;
  /** folder for what is made on the way */
  scratch: string;
  /** resolves when the guest has the files: before, its copy may not even have a folder */
  ready: Promise<unknown>;
  /** the host's index as it was the last time */
  index?: Pick<IndexState, 'stamp' | 'mark'> | undefined;
  limits?: GitLimits | undefined;
  signal?: AbortSignal | undefined;
  progress?: Progress | undefined;
}

export interface Brought {
  /** the host's repository as the guest has it now */
  state: HostState;
  /** what a person should know of it */
  notes: string[];
}

/**
 * Gives the guest's copy of a project the host's history, index and branches. What the guest has of its own stays: where both sides went on,
 * the host's branch wins its name and the guest's is kept beside it. Undefined when the project has no repository.
 * @throws GitRefusal with the reason when it cannot take part
 */
export async function bringToGuest(options: BringOptions): Promise<Brought | undefined> {
  const { root, guest } = options;
  const repository = await openRepository(root);
  if (repository === undefined) return undefined;
  const [state, there] = await Promise.all([readHostState(repository, options.index), guest.state()]);
  if (!there.git) throw new GitRefusal('the guest has no git');
  if (there.repository === 'foreign')
    throw new GitRefusal(
      'the guest made a repository of its own in its copy; without that .git it gets the host’s',
    );
  if (there.repository === 'ours' && there.brought === state.name) return { state, notes: [] };
  const isFirst = there.repository === 'none';
  const notes = await deliver(options, repository, state, isFirst);
  return { state, notes: isFirst ? [...(await peculiarities(repository)), ...notes] : notes };
}

async function deliver(
  { guest, ready, signal, progress, limits = GIT_LIMITS, ...options }: BringOptions,
  repository: HostRepository,
  state: HostState,
  isFirst: boolean,
): Promise<string[]> {
  progress?.({ type: 'step', step: BRING });
  await using scratch = await Scratch.at(options.scratch, repository);
  const known = isFirst ? NOTHING_KNOWN : await knownTo(guest, repository);
  const chosen = await choose(repository, state, known.tips, limits);
  const files: DeliveredFile[] = [];
  const staged: string[] = [];
  if (state.index !== undefined) {
    const copy = await copyIndex(repository, scratch.folder);
    staged.push(...(await stagedObjects(repository, copy)));
    files.push(await deliveredFile('index', copy));
  }
  const tips = chosen.refs.map(([, object]) => object);
  if (state.head.commit !== undefined) tips.push(state.head.commit);
  const there = new Set(known.tips);
  const wants = [...new Set([...tips, ...staged])].filter((object) => !there.has(object));
  const shallow = [...known.shallow, ...chosen.shallow];
  const pack =
    wants.length === 0
      ? undefined
      : await packForGuest(repository, scratch, { wants, haves: known.tips, shallow, signal, limits });
  if (pack !== undefined)
    files.unshift(await deliveredFile('pack', pack.pack), await deliveredFile('idx', pack.idx));
  await ready;
  signal?.throwIfAborted();
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const head = {
    brought: state.name,
    format: repository.format,
    head: state.head,
    refs: chosen.refs,
    settings: state.settings,
    exclude: state.exclude,
    sparse: state.sparse,
    shallow: [...repository.shallow, ...chosen.shallow],
    ...(pack === undefined ? {} : { pack: pack.name }),
    indexTime: state.index?.time ?? 0,
    indexMark: state.index?.mark ?? '',
  };
  const { aside, missed } = await guest.bring(
    writeDelivery(head, files, (bytes) => {
      done += bytes;
      progress?.({ type: 'amount', step: BRING, done, total, unit: 'bytes' });
    }),
  );
  progress?.({ type: 'done', step: BRING });
  return [
    ...chosen.notes,
    ...aside.map(
      (name) => `git: both sides went on with a branch; the guest's commits are there as ${visible(name)}`,
    ),
    ...missed.map((name) => `git: the guest could not take over ${visible(name)}`),
  ];
}

const BRING = 'copy the git history to the guest';

interface Known {
  /** what the guest has and the host knows */
  tips: string[];
  /** where the guest's history ends */
  shallow: string[];
}

const NOTHING_KNOWN: Known = { tips: [], shallow: [] };

async function knownTo(guest: GuestGit, repository: HostRepository): Promise<Known> {
  const { refs, detached, shallow } = await readGuestRefs(guest.refs('all'), repository.format);
  const tips = [...refs.values(), ...(detached === undefined ? [] : [detached])];
  const kinds = await kindsOf(repository.git, [...tips, ...shallow]);
  const isHere = (object: string) => kinds.get(object) === 'commit' || kinds.get(object) === 'tag';
  return { tips: [...new Set(tips)].filter(isHere), shallow: shallow.filter(isHere) };
}

interface Chosen {
  refs: HostState['refs'];
  /** commits at which the guest's history ends, though the host's goes on */
  shallow: string[];
  notes: string[];
}

/** All refs, or, of a history that is too large, the checked-out branch without what is behind it. */
async function choose(
  repository: HostRepository,
  { refs, head }: HostState,
  known: readonly string[],
  limits: GitLimits,
): Promise<Chosen> {
  if (refs.length >= limits.refs)
    return chosenWithNote(
      refs.slice(0, limits.refs),
      `git: only ${limits.refs} of its refs are in the guest`,
    );
  const size = await historySize(repository);
  if (size <= limits.sent) return { refs, shallow: [], notes: [] };
  const current = refs.filter(([name]) => name === head.ref);
  const text = `git: the history is large (${mebibytes(size)} MiB); the guest has the checked-out commit without what is behind it`;
  if (head.commit === undefined) return chosenWithNote(current, text);
  const goesOn =
    known.length > 0 && (await repository.git.call(['merge-base', head.commit, ...known])).code === 0;
  return goesOn
    ? { refs: current, shallow: [], notes: [] }
    : { ...chosenWithNote(current, text), shallow: [head.commit] };
}

function chosenWithNote(refs: HostState['refs'], note: string): Chosen {
  return { refs, shallow: [], notes: [note] };
}

/** What works otherwise than on the host. */
async function peculiarities({ root, files }: HostRepository): Promise<string[]> {
  const [hasSubmodules, hasLargeFiles] = await Promise.all([
    isThere(join(root, '.gitmodules')),
    isThere(join(dirname(files.objects), 'lfs')),
  ]);
  return [
    ...(hasSubmodules
      ? ['git: submodules are in the guest as plain files, without their own repositories']
      : []),
    ...(hasLargeFiles
      ? [
          'git: files of git LFS are in the guest as they are on disk; commits made there hold no pointers to them',
        ]
      : []),
  ];
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
