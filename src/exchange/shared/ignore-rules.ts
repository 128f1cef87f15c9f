import { isNeverExchanged } from './ignore.ts';
import { DEFAULT_IGNORES } from './ignore-defaults.ts';
import { type IgnoreFile, readIgnoreFile } from './ignore-file.ts';
import { isWithin, parentOf } from './path.ts';

/** An ignore file of the project. */
export interface RuleFile {
  /** the project path of its folder; '' for the root and above */
  folder: string;
  /** for one above the root, the way from its folder to the root, with a slash at the end; else '' */
  above: string;
  kind: 'git' | 'own';
  text: string;
}

/** Everything a decision depends on. The host makes it and tells the guest, so that both decide the same in one pass. */
export interface RulesData {
  /** whether names differ by more than case */
  fold: boolean;
  files: RuleFile[];
  /** never part, whatever the files say */
  skip: string[];
  /** files that are part although a `.gitignore` or the default list names them: git tracks them */
  kept: string[];
}

/** Names of the files that `add` takes. */
export const RULE_FILES: Readonly<Record<string, RuleFile['kind']>> = {
  '.gitignore': 'git',
  '.pcoderignore': 'own',
};

/**
 * What is part of the project. In this order, the first that says something decides: `.pcoderignore`, the deepest first;
 * being tracked by git; the default list; `.gitignore`, the deepest first. Below a folder that is left out nothing is
 * looked at, except for what git tracks.
 */
export class IgnoreRules {
  readonly #fold: boolean;
  readonly #skip: ReadonlySet<string>;
  readonly #tracked: ReadonlySet<string>;
  /** the folders the tracked files are in */
  readonly #leading = new Set<string>();
  readonly #files: RuleFile[] = [];
  readonly #own = new Map<string, IgnoreFile>();
  readonly #git = new Map<string, IgnoreFile>();
  readonly #above: { way: string; file: IgnoreFile }[] = [];
  readonly #defaults: IgnoreFile;
  readonly #folders = new Map<string, Part>();
  #told: { data: RulesData; text: string } | undefined;

  /** @param tracked files git tracks; what of them matters is in `data().kept` */
  constructor(fold: boolean, skip: readonly string[] = [], tracked: ReadonlySet<string> = new Set()) {
    this.#fold = fold;
    this.#skip = new Set(skip);
    this.#tracked = tracked;
    for (const path of tracked) {
      for (
        let folder = parentOf(path);
        folder !== '' && !this.#leading.has(folder);
        folder = parentOf(folder)
      )
        this.#leading.add(folder);
    }
    this.#defaults = readIgnoreFile(DEFAULT_IGNORES.map(({ pattern }) => pattern).join('\n'), fold);
  }

  static from({ fold, skip, kept, files }: RulesData): IgnoreRules {
    const rules = new IgnoreRules(fold, skip, new Set(kept));
    for (const file of files) rules.add(file);
    return rules;
  }

  /** Must come before anything in its folder is judged. Files above the root come from the top down. */
  add(file: RuleFile): void {
    this.#files.push(file);
    this.#told = undefined;
    const read = readIgnoreFile(file.text, this.#fold);
    if (file.above !== '') this.#above.unshift({ way: file.above, file: read });
    else (file.kind === 'own' ? this.#own : this.#git).set(file.folder, read);
  }

  readonly ignore = (path: string, folder: boolean): boolean => this.#part(path, folder) === 'out';

  data(): RulesData {
    return this.#tell().data;
  }

  /** Whether these rules are those. */
  says(data: RulesData): boolean {
    return JSON.stringify(data) === this.#tell().text;
  }

  /** Whether an ignore file is in a folder or below it. */
  isWithin(folder: string): boolean {
    return this.#files.some((file) => file.above === '' && isWithin(file.folder, folder));
  }

  #tell(): { data: RulesData; text: string } {
    if (this.#told === undefined) {
      const kept = [...this.#tracked].filter((path) => this.#part(path, false) === 'kept');
      const data = { fold: this.#fold, files: [...this.#files], skip: [...this.#skip], kept };
      this.#told = { data, text: JSON.stringify(data) };
    }
    return this.#told;
  }

  #part(path: string, folder: boolean): Part {
    const around = this.#around(parentOf(path));
    if (around === 'out' || this.#skip.has(path) || isNeverExchanged(path)) return 'out';
    const plain = around === 'kept' ? this.#inLeftOut(path, folder) : this.#plainly(path, folder);
    if (plain !== 'out') return plain;
    const tracked = folder ? this.#leading.has(path) : this.#tracked.has(path);
    return tracked && this.#ownVerdict(path, folder) !== true ? 'kept' : 'out';
  }

  /** As long as the folder itself is there only for the sake of tracked files. */
  #inLeftOut(path: string, folder: boolean): Part {
    return this.#ownVerdict(path, folder) === false ? 'in' : 'out';
  }

  #plainly(path: string, folder: boolean): Part {
    const verdict =
      this.#ownVerdict(path, folder) ??
      (this.#defaults.judge(path, folder) === true ? true : undefined) ??
      this.#verdict(this.#git, path, folder) ??
      this.#verdictAbove(path, folder);
    return verdict === true ? 'out' : 'in';
  }

  #around(folder: string): Part {
    if (folder === '') return 'in';
    let part = this.#folders.get(folder);
    if (part === undefined) {
      part = this.#part(folder, true);
      this.#folders.set(folder, part);
    }
    return part;
  }

  #ownVerdict(path: string, folder: boolean): boolean | undefined {
    return this.#own.size === 0 ? undefined : this.#verdict(this.#own, path, folder);
  }

  #verdict(files: ReadonlyMap<string, IgnoreFile>, path: string, folder: boolean): boolean | undefined {
    for (let at = parentOf(path); ; at = parentOf(at)) {
      const verdict = files.get(at)?.judge(at === '' ? path : path.slice(at.length + 1), folder);
      if (verdict !== undefined || at === '') return verdict;
    }
  }

  #verdictAbove(path: string, folder: boolean): boolean | undefined {
    for (const { way, file } of this.#above) {
      const verdict = file.judge(`${way}${path}`, folder);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }
}

/** `kept`: left out by name, but git tracks it or something in it. */
type Part = 'in' | 'kept' | 'out';
