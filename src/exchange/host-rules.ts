import { join, relative, sep } from 'node:path';
import { projectPaths } from './project-root.ts';
import { readText } from './shared/digest-file.ts';
import type { Ignore } from './shared/ignore.ts';
import { IgnoreRules, type RuleFile, type RulesData } from './shared/ignore-rules.ts';
import type { OwnRules } from './shared/looked-tree.ts';
import { RULE_BYTES } from './shared/scan.ts';
import { type GitFacts, gitFacts } from './tracked-paths.ts';

/**
 * The rules of a project. Only the host's files count: what the guest has written matters when it has come to the host,
 * from the next pass on.
 */
export class HostRules implements OwnRules {
  readonly #root: string;
  readonly #skip: readonly string[];
  readonly #fold: boolean;
  #git: GitFacts | undefined;
  #rules: IgnoreRules;

  /**
   * @param skip absolute paths that are never part
   * @param fold whether the host's file system ignores case
   */
  constructor(root: string, skip: readonly string[], fold: boolean) {
    this.#root = root;
    this.#skip = projectPaths(root, skip);
    this.#fold = fold;
    this.#rules = new IgnoreRules(fold, this.#skip);
  }

  /** Looks at what git tracks. @returns whether that has changed, so that everything must be judged anew */
  async refresh(): Promise<boolean> {
    const git = await gitFacts(this.#root, this.#git);
    if (git === this.#git) return false;
    this.#git = git;
    return true;
  }

  readonly ignore: Ignore = (path, folder) => this.#rules.ignore(path, folder);

  data(): RulesData {
    return this.#rules.data();
  }

  begin(): void {
    const way = this.#git === undefined ? '' : relative(this.#git.top, this.#root).replaceAll(sep, '/');
    const inside = way === '' ? '' : `${way}/`;
    const tracked = new Set<string>();
    for (const path of this.#git?.tracked ?? [])
      if (path.startsWith(inside)) tracked.add(path.slice(inside.length));
    this.#rules = new IgnoreRules(this.#fold, this.#skip, tracked);
    if (this.#git !== undefined && way !== '') addAbove(this.#rules, this.#git.top, way.split('/'));
  }

  collect(file: RuleFile): void {
    this.#rules.add(file);
  }

  isWithin(folder: string): boolean {
    return this.#rules.isWithin(folder);
  }
}

/** The project is a part of a work tree: its ignore files hold here too. */
function addAbove(rules: IgnoreRules, top: string, names: readonly string[]): void {
  for (let depth = 0; depth < names.length; depth++) {
    const text = readText(join(top, ...names.slice(0, depth), '.gitignore'), RULE_BYTES);
    if (text !== undefined)
      rules.add({ folder: '', above: `${names.slice(depth).join('/')}/`, kind: 'git', text });
  }
}
