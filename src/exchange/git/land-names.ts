import type { GuestRefs } from './guest-refs.ts';
import { isPlainRefName, TakenNames } from './ref-name.ts';

/** A ref of the guest and the name it gets on the host. */
export interface Landing {
  /** as the guest calls it */
  from: string;
  /** `refs/pcoder/<session>/…` */
  ref: string;
  object: string;
  kind: 'branch' | 'tag' | 'aside' | 'detached';
}

export interface Landings {
  landings: Landing[];
  /** names that no ref of the host may have */
  unfit: string[];
}

/**
 * Branches keep their name, tags come below `tags/`, what the guest keeps aside below `aside/`, a commit that no branch names is called
 * `HEAD`. Anything else stays in the guest.
 */
export function nameLandings({ refs, detached }: GuestRefs, session: string): Landings {
  const below = `refs/pcoder/${session}/`;
  const taken = new TakenNames();
  // Before a branch of that name gets it.
  taken.take('tags/.');
  taken.take('aside/.');
  const found: Landings = { landings: [], unfit: [] };
  if (detached !== undefined && taken.take('HEAD'))
    found.landings.push({ from: 'HEAD', ref: `${below}HEAD`, object: detached, kind: 'detached' });
  for (const [from, object] of [...refs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [, kind, name = ''] = /^refs\/(heads|tags|aside)\/(.*)$/s.exec(from) ?? [];
    if (kind === undefined) continue;
    const local = kind === 'heads' ? name : `${kind}/${name}`;
    if (isPlainRefName(name) && taken.take(local))
      found.landings.push({ from, ref: below + local, object, kind: KINDS[kind] ?? 'branch' });
    else found.unfit.push(from);
  }
  return found;
}

const KINDS: Record<string, Landing['kind']> = { heads: 'branch', tags: 'tag', aside: 'aside' };
