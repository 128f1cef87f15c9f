import type { GitProgram } from './git-program.ts';

/** Kind of each object that is there; one process for all of them. */
export async function kindsOf(
  git: GitProgram,
  objects: Iterable<string>,
  env: Record<string, string> = {},
): Promise<Map<string, string>> {
  const asked = [...new Set(objects)];
  const kinds = new Map<string, string>();
  if (asked.length === 0) return kinds;
  const out = await git.ask(['cat-file', '--batch-check=%(objectname) %(objecttype)'], {
    input: `${asked.join('\n')}\n`,
    env,
  });
  for (const line of out.toString().split('\n')) {
    const [, object, kind] = /^([0-9a-f]+) (commit|tag|tree|blob)$/.exec(line) ?? [];
    if (object !== undefined && kind !== undefined) kinds.set(object, kind);
  }
  return kinds;
}
