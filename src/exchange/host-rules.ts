import { join, relative, sep } from 'node:path';
import { projectPaths } from './project-root.ts';
import { readText } from './shared/digest-file.ts';
import { IgnoreRules } from './shared/ignore-rules.ts';
import { RULE_BYTES } from './shared/scan.ts';
import { gitFacts } from './tracked-paths.ts';

/**
 * The rules of a pass, before the scan has added what the project's own ignore files say. Only the host's files count: what
 * the guest has written matters when it has come to the host, from the next pass on.
 * @param skip absolute paths that are never part
 * @param fold whether the host's file system ignores case
 */
export async function hostRules(root: string, skip: readonly string[], fold: boolean): Promise<IgnoreRules> {
  const git = await gitFacts(root);
  const way = git === undefined ? '' : relative(git.top, root).replaceAll(sep, '/');
  const inside = way === '' ? '' : `${way}/`;
  const tracked = new Set<string>();
  for (const path of git?.tracked ?? []) if (path.startsWith(inside)) tracked.add(path.slice(inside.length));
  const rules = new IgnoreRules(fold, projectPaths(root, skip), tracked);
  if (git !== undefined && way !== '') addAbove(rules, git.top, way.split('/'));
  return rules;
}

/** The project is a part of a work tree: its ignore files hold here too. */
function addAbove(rules: IgnoreRules, top: string, names: readonly string[]): void {
  for (let depth = 0; depth < names.length; depth++) {
    const text = readText(join(top, ...names.slice(0, depth), '.gitignore'), RULE_BYTES);
    if (text !== undefined)
      rules.add({ folder: '', above: `${names.slice(depth).join('/')}/`, kind: 'git', text });
  }
}
