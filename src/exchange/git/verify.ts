import type { GitProgram } from './git-program.ts';
import type { Landing } from './land-names.ts';
import type { GitLimits } from './limits.ts';

export interface Verified {
  whole: Landing[];
  /** those that are no commits, or lack something behind them */
  broken: Landing[];
}

/** Tells the refs whose whole history is there, from the host's own refs on, from those with a hole in it. */
export async function verifyHistories(
  git: GitProgram,
  landings: readonly Landing[],
  limits: GitLimits,
): Promise<Verified> {
  const commits = await commitsOf(git, landings);
  const [right, wrong] = [landings.filter(isFit), landings.filter((each) => !isFit(each))];
  function isFit({ object, kind }: Landing): boolean {
    const commit = commits.get(object);
    // A branch that is a tag would be one no git makes.
    return commit !== undefined && (kind === 'tag' || kind === 'aside' || commit === object);
  }
  if (right.length === 0 || (await isWhole(git, right, limits))) return { whole: right, broken: wrong };
  const verified: Verified = { whole: [], broken: wrong };
  for (const each of right)
    ((await isWhole(git, [each], limits)) ? verified.whole : verified.broken).push(each);
  return verified;
}

/** The commit each object is or, as a tag, leads to. */
async function commitsOf(git: GitProgram, landings: readonly Landing[]): Promise<Map<string, string>> {
  const out = await git.ask(['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
    input: landings.map(({ object }) => `${object}^{commit}\n`).join(''),
  });
  const lines = out.toString().split('\n');
  const commits = new Map<string, string>();
  for (const [index, { object }] of landings.entries()) {
    const [, commit] = /^([0-9a-f]+) commit$/.exec(lines[index] ?? '') ?? [];
    if (commit !== undefined) commits.set(object, commit);
  }
  return commits;
}

async function isWhole(git: GitProgram, landings: readonly Landing[], limits: GitLimits): Promise<boolean> {
  const { code } = await git.call(['rev-list', '--objects', '--stdin', '--not', '--all', '--quiet'], {
    input: landings.map(({ object }) => `${object}\n`).join(''),
    env: { GIT_ALLOC_LIMIT: String(limits.allocation) },
    deadline: limits.work,
  });
  return code === 0;
}
