import type { GitLimits } from './limits.ts';
import { packIntake } from './pack-intake.ts';
import { GitRefusal } from './refusal.ts';
import { type HostRepository, isAtLeast } from './repository.ts';
import type { Scratch } from './scratch.ts';

/**
 * Takes the guest's pack into a scratch folder, where git names every object by its content and checks it as `fsck --strict` does: no path
 * that leaves a checkout, is `.git` on some file system or configures a submodule by a link or an option. Thin packs are not taken, so nothing
 * of the guest is a difference to an object of the host.
 * @throws GitRefusal
 */
export async function receivePack(
  { git, version }: HostRepository,
  scratch: Scratch,
  source: AsyncIterable<Uint8Array>,
  { limits, signal }: { limits: GitLimits; signal?: AbortSignal | undefined },
): Promise<void> {
  const { code, said } = await git.call(
    [
      // Larger ones are looked at in pieces.
      ...['-c', 'core.bigFileThreshold=16m'],
      ...['index-pack', '--stdin', `--strict=${errors(version)}`, `--max-input-size=${limits.received}`],
    ],
    {
      input: packIntake(source, limits),
      env: { ...scratch.env, GIT_ALLOC_LIMIT: String(limits.allocation) },
      deadline: limits.work,
      signal,
    },
  );
  if (code !== 0)
    throw new GitRefusal(
      `the guest's commits were refused: ${said === '' ? 'git could not read them' : said}`,
    );
}

/** What git only mentions, though a checkout would follow it. All its warnings are errors here already. */
function errors(version: HostRepository['version']): string {
  const ids = ['badFilemode', 'gitmodulesParse', 'gitmodulesSymlink'];
  ids.push('gitattributesSymlink', 'gitignoreSymlink', 'mailmapSymlink');
  if (isAtLeast(version, [2, 43])) ids.push('largePathname');
  return ids.map((id) => `${id}=error`).join(',');
}
