import type { Progress } from '../../bundle/progress.ts';
import { visible } from '../../fault/visible.ts';
import { fastForward } from './fast-forward.ts';
import type { GuestGit } from './guest-git.ts';
import { type GuestRefs, readGuestRefs } from './guest-refs.ts';
import { type HostState, readHostState } from './host-state.ts';
import { kindsOf } from './known-objects.ts';
import { describe, type LandedRef, land } from './land.ts';
import { type Landing, nameLandings } from './land-names.ts';
import { GIT_LIMITS, type GitLimits } from './limits.ts';
import { receivePack } from './receive.ts';
import { GitRefusal } from './refusal.ts';
import { type HostRepository, openRepository } from './repository.ts';
import { Scratch } from './scratch.ts';
import { verifyHistories } from './verify.ts';

export interface FetchOptions {
  root: string;
  guest: GuestGit;
  /** names the refs: `refs/pcoder/<session>/…` */
  session: string;
  scratch: string;
  /** the host's repository when the guest got it; undefined when fast-forwarding was not asked for */
  forward?: HostState | undefined;
  /** resolves when the host has the guest's files */
  ready: Promise<unknown>;
  limits?: GitLimits | undefined;
  signal?: AbortSignal | undefined;
  progress?: Progress | undefined;
}

export interface Fetched {
  commits: LandedRef[];
  notes: string[];
}

/**
 * Brings back what was committed in the guest. Nothing of the host's repository is written but verified objects and refs below
 * `refs/pcoder/<session>/`, and the checked-out branch where that was asked for and is safe.
 * @throws GitRefusal when nothing of it can be taken; Fault `protocol-violation`
 */
export async function fetchFromGuestGit(options: FetchOptions): Promise<Fetched> {
  const { root, guest, session, ready, limits = GIT_LIMITS } = options;
  if (!/^[\w-]{1,64}$/.test(session)) throw new Error(`not a session name: ${session}`);
  const repository = await openRepository(root);
  if (repository === undefined) return { commits: [], notes: [] };
  const found = await readGuestRefs(guest.refs('changed'), repository.format);
  const { landings, unfit } = nameLandings(found, session);
  const { news, known } = await sortOut(repository, landings, limits);
  const notes = unfit
    .slice(0, 5)
    .map((name) => `git: ${visible(name, 200)} stays in the guest: the host takes no such name`);
  if (unfit.length > 5) notes.push(`git: ${unfit.length - 5} more refs stay in the guest for their names`);
  if (news.length > limits.landed)
    notes.push(`git: ${news.length - limits.landed} of ${news.length} refs stay in the guest: too many`);
  const taken = news.slice(0, limits.landed);
  const commits = taken.length === 0 ? [] : await take(options, repository, taken, notes);
  if (options.forward !== undefined) {
    await ready;
    const landed = taken.filter((each) => commits.some(({ ref }) => ref === each.ref));
    notes.push(...(await forward(repository, options.forward, found, [...known, ...landed])));
  }
  return { commits, notes };
}

const FETCH = 'fetch the commits from the guest';

async function take(
  { guest, signal, progress, limits = GIT_LIMITS, ...options }: FetchOptions,
  repository: HostRepository,
  news: readonly Landing[],
  notes: string[],
): Promise<LandedRef[]> {
  progress?.({ type: 'step', step: FETCH });
  await using scratch = await Scratch.at(options.scratch, repository);
  const here = await kindsOf(repository.git, objectsOf(news));
  const lacking = objectsOf(news.filter(({ object }) => !here.has(object)));
  if (lacking.length > 0) {
    const asked = [...lacking, ...(await hostTips(repository)).map((object) => `^${object}`)];
    await receivePack(repository, scratch, guest.pack(inPieces(asked)), { limits, signal });
  }
  const git = repository.git.with(scratch.env);
  const { whole, broken } = await verifyHistories(git, news, limits);
  for (const { from } of broken)
    notes.push(`git: ${visible(from, 200)} was refused: objects behind it are missing or wrong`);
  if (whole.length === 0) return [];
  const described = await describe(git, whole);
  await land(repository.git, scratch, whole, limits);
  progress?.({ type: 'done', step: FETCH });
  return described;
}

/** Tells refs with commits that no ref of the host has from those whose commits the host has under some name. */
async function sortOut(
  { git }: HostRepository,
  landings: readonly Landing[],
  limits: GitLimits,
): Promise<{ news: Landing[]; known: Landing[] }> {
  const kinds = await kindsOf(git, objectsOf(landings));
  const reached = new Set<string>();
  // One process each, and the guest says how many: past the limit they would not be taken anyway.
  for (const object of [...kinds.keys()].slice(0, 2 * limits.landed)) {
    const { code, out } = await git.call(['rev-list', '--max-count=1', object, '--not', '--all']);
    if (code === 0 && out.length === 0) reached.add(object);
  }
  return {
    news: landings.filter(({ object }) => !reached.has(object)),
    known: landings.filter(({ object }) => reached.has(object)),
  };
}

async function hostTips({ git }: HostRepository): Promise<string[]> {
  const out = (await git.ask(['for-each-ref', '--format=%(objectname)'])).toString();
  return [...new Set(out.split('\n'))].filter((line) => line !== '').slice(0, 20_000);
}

async function forward(
  repository: HostRepository,
  before: HostState,
  guest: GuestRefs,
  landings: readonly Landing[],
): Promise<string[]> {
  try {
    const now = await readHostState(repository);
    const moved = await fastForward({ repository, before, now, guest, landings });
    return moved === undefined
      ? []
      : [`git: ${visible(moved)} was fast-forwarded to what the guest committed`];
  } catch (error) {
    if (error instanceof GitRefusal) return [`git: ${error.message}`];
    throw error;
  }
}

function objectsOf(landings: readonly Landing[]): string[] {
  return [...new Set(landings.map(({ object }) => object))];
}

async function* inPieces(lines: readonly string[]): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < lines.length; at += 1000)
    yield Buffer.from(`${lines.slice(at, at + 1000).join('\n')}\n`);
}
