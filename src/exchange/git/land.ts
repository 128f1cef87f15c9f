import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { visible } from '../../fault/visible.ts';
import type { GitProgram } from './git-program.ts';
import type { Landing } from './land-names.ts';
import type { GitLimits } from './limits.ts';
import { GitRefusal } from './refusal.ts';
import type { Scratch } from './scratch.ts';

/** Commits that came back. Every text is safe to show. */
export interface LandedRef {
  ref: string;
  /** commits no other ref of the host has */
  count: number;
  /** first lines of the newest ones */
  subjects: string[];
}

/** Subjects of one ref, refs with subjects, characters of a subject. */
const NEWEST = 5;
const TOLD = 20;
const LONGEST = 100;

/** What the refs will bring, asked while they are not there yet. */
export async function describe(git: GitProgram, landings: readonly Landing[]): Promise<LandedRef[]> {
  const described: LandedRef[] = [];
  for (const [index, { ref, object }] of landings.entries()) {
    const news = [object, '--not', '--all'];
    const count = Number((await git.ask(['rev-list', '--count', ...news])).toString());
    const subjects = index < TOLD ? await subjectsOf(git, news) : [];
    described.push({ ref, count, subjects });
  }
  return described;
}

async function subjectsOf(git: GitProgram, news: readonly string[]): Promise<string[]> {
  const format = `--format=%<(${LONGEST * 2},trunc)%s`;
  const { code, out } = await git.call(
    ['rev-list', `--max-count=${NEWEST}`, format, '--encoding=UTF-8', ...news],
    { most: 64 * 1024 },
  );
  if (code !== 0) return [];
  const lines = out.toString().split('\n');
  return lines
    .filter((line) => line !== '' && !/^commit [0-9a-f]{40,64}$/.test(line))
    .slice(0, NEWEST)
    .map((line) => visible(line.trim(), LONGEST));
}

/** Objects below which they are put down one by one, as git's own `fetch.unpackLimit` does: a pack for each session would slow git down. */
const FEW = 100;

/** Moves verified objects among the host's and gives them their refs. @throws GitRefusal */
export async function land(
  git: GitProgram,
  scratch: Scratch,
  landings: readonly Landing[],
  limits: GitLimits,
): Promise<void> {
  for (const name of await readdir(scratch.packs)) {
    if (!name.endsWith('.pack')) continue;
    const file = join(scratch.packs, name);
    const put = (await objectsIn(file)) < FEW ? ['unpack-objects', '-q'] : ['index-pack', '--stdin'];
    await git.ask(put, { input: { file }, deadline: limits.work });
  }
  const { code, said } = await git.call(['update-ref', '--no-deref', '--stdin'], {
    input: landings.map(({ ref, object }) => `update ${ref} ${object}\n`).join(''),
  });
  if (code !== 0) throw new GitRefusal(`the guest's commits are here, but got no name: ${said}`);
}

async function objectsIn(pack: string): Promise<number> {
  const file = await open(pack, 'r');
  try {
    const head = Buffer.alloc(12);
    await file.read(head, 0, 12, 0);
    return head.readUInt32BE(8);
  } finally {
    await file.close();
  }
}
