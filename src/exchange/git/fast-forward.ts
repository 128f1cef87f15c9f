import { visible } from '../../fault/visible.ts';
import type { GuestRefs } from './guest-refs.ts';
import type { HostState } from './host-state.ts';
import type { Landing } from './land-names.ts';
import { GitRefusal } from './refusal.ts';
import type { HostRepository } from './repository.ts';
import { disagreement } from './work-tree.ts';

interface ForwardOptions {
  repository: HostRepository;
  /** the host's repository when the guest got it */
  before: HostState;
  /** the same now */
  now: HostState;
  guest: GuestRefs;
  landings: readonly Landing[];
}

/**
 * Moves the checked-out branch and the index on to what the guest committed, where that changes no file: same branch on both sides, not moved
 * on the host, nothing staged, and the exchange has brought the very files the commits hold. No file of the work tree is written.
 * @returns the branch that was moved, undefined when there was nothing to move
 * @throws GitRefusal with the reason when it is not safe
 */
export async function fastForward({
  repository,
  before,
  now,
  guest,
  landings,
}: ForwardOptions): Promise<string | undefined> {
  const { ref, commit } = now.head;
  if (ref === undefined || commit === undefined) return undefined;
  const landing = landings.find(({ kind, from }) => kind === 'branch' && from === ref);
  if (landing === undefined || landing.object === commit) return undefined;
  const name = ref.replace('refs/heads/', '');
  const refuse = (reason: string) => new GitRefusal(`${visible(name)} was not fast-forwarded: ${reason}`);
  const { git } = repository;
  if (guest.branch !== ref) throw refuse('the guest is on another branch');
  if (before.head.ref !== ref || before.head.commit !== commit)
    throw refuse('the host has moved it meanwhile');
  if (now.settings['core.sparsecheckout'] === 'true') throw refuse('the checkout is sparse');
  const target = landing.object;
  if ((await git.call(['merge-base', '--is-ancestor', commit, target])).code !== 0)
    throw refuse('the guest left out commits the host has');
  const [staged, merging] = await Promise.all([
    git.call(['diff-index', '--cached', '--quiet', 'HEAD']),
    git.call(['rev-parse', '-q', '--verify', 'MERGE_HEAD']),
  ]);
  if (staged.code !== 0 || merging.code === 0) throw refuse('something is staged on the host');
  const other = await disagreement(repository, commit, target);
  if (other !== undefined)
    throw refuse(
      other === '' ? 'too many files differ' : `${visible(other)} is not as the guest committed it`,
    );
  await move(repository, { ref, from: commit, to: target });
  return name;
}

/** The index first: stopped in between, everything is merely staged. */
async function move(
  { git, config }: HostRepository,
  { ref, from, to }: { ref: string; from: string; to: string },
): Promise<void> {
  await git.ask(['read-tree', '-i', '-m', from, to]);
  const log = config.get('core.logallrefupdates') ?? 'true';
  const moved = await git.call([
    ...['-c', `core.logAllRefUpdates=${log}`],
    ...['update-ref', '-m', 'pcoder: fast-forward', ref, to, from],
  ]);
  if (moved.code === 0) return;
  await git.ask(['read-tree', '-i', '-m', to, from]);
  throw new GitRefusal(`${visible(ref)} was not fast-forwarded: ${moved.said}`);
}
