import { looseName } from '../shared/fold-name.ts';
import { leadsTo, matches, type Pattern, parsePattern } from './pattern.ts';
import { RULES, type RuleSet } from './rules.ts';

/** `"quarantine"` of `state/settings.json`; nothing a project holds can change the list. */
export interface QuarantineSettings {
  /** patterns that wait besides those of the list */
  add?: readonly string[] | undefined;
  /** patterns that go on whatever the list says */
  allow?: readonly string[] | undefined;
}

/** Why a change waits for a person. */
export interface Quarantined {
  /** the pattern of the list */
  rule: string;
  /** one sentence */
  reason: string;
  /** only `judgeContent` can tell; to hold it unread is safe */
  byContent: boolean;
}

interface Rule extends Quarantined {
  pattern: Pattern;
  except: readonly Pattern[];
}

export type PathType = 'file' | 'folder' | 'link';

/** The list with a person's additions and exceptions. */
export class Quarantine {
  /** by the last name of the pattern, where that is plain */
  readonly #plain = new Map<string, Rule[]>();
  readonly #wild: Rule[] = [];
  readonly #long: Rule[] = [];
  readonly #allowed: readonly Pattern[];

  constructor(settings: QuarantineSettings = {}, list: readonly RuleSet[] = RULES) {
    this.#allowed = (settings.allow ?? []).map(parsePattern);
    for (const set of [...list, added(settings.add ?? [])]) {
      const except = (set.except ?? []).map(parsePattern);
      for (const rule of set.paths) {
        const pattern = parsePattern(rule);
        this.#add({ rule, reason: set.reason, byContent: set.byContent === true, pattern, except });
      }
    }
  }

  /** Nothing waits. */
  get isEmpty(): boolean {
    return this.#plain.size === 0 && this.#wild.length === 0;
  }

  /** @param type what is, or was, at the path; a folder counts only where the list names folders */
  reasonOf(path: string, type: PathType = 'file'): Quarantined | undefined {
    const names = loosened(path);
    const isFolder = type === 'folder';
    let found: Rule | undefined;
    for (const rule of this.#candidates(names)) {
      if (!matches(rule.pattern, names, isFolder) || rule.except.some((one) => matches(one, names, isFolder)))
        continue;
      if (this.#isAllowed(names)) return undefined;
      if (!rule.byContent) return answer(rule);
      found ??= rule;
    }
    if (found === undefined) return undefined;
    // What a link at such a path would lead to is not what was judged.
    return type === 'link' ? { ...answer(found), byContent: false } : answer(found);
  }

  /** For a link: whether the paths it makes anew below itself could be on the list. */
  leadsTo(path: string): Quarantined | undefined {
    const names = loosened(path);
    const rule = this.#long.find(({ pattern }) => leadsTo(pattern, names));
    return rule === undefined || this.#isAllowed(names) ? undefined : { ...answer(rule), byContent: false };
  }

  #add(rule: Rule): void {
    const { names } = rule.pattern;
    if (names.length > 1) this.#long.push(rule);
    const last = names.at(-1);
    if (typeof last !== 'string') this.#wild.push(rule);
    else if (!this.#plain.get(last)?.push(rule)) this.#plain.set(last, [rule]);
  }

  *#candidates(names: readonly string[]): Generator<Rule> {
    for (const name of new Set(names)) yield* this.#plain.get(name) ?? [];
    yield* this.#wild;
  }

  #isAllowed(names: readonly string[]): boolean {
    return this.#allowed.some((pattern) => matches(pattern, names, false));
  }
}

/** Whether a change at this path waits, by the list as it is. */
export function quarantineReason(path: string, type?: PathType): Quarantined | undefined {
  return LIST.reasonOf(path, type);
}

const LIST = new Quarantine();

function added(paths: readonly string[]): RuleSet {
  return { by: 'settings', reason: 'state/settings.json says that it waits', paths };
}

function answer({ rule, reason, byContent }: Rule): Quarantined {
  return { rule, reason, byContent };
}

function loosened(path: string): string[] {
  return path.split('/').map(looseName);
}
