import { compileGlob, type Glob, matchGlob } from './glob.ts';

/** What one ignore file says of a path: true to leave it out, false to bring it back, undefined when it says nothing. */
export interface IgnoreFile {
  /**
   * @param path relative to the file's folder
   * @param folder whether a folder is there
   */
  judge(path: string, folder: boolean): boolean | undefined;
}

/**
 * Reads a file in the syntax of gitignore(5).
 * @param fold whether the host's file system ignores case, as git's `core.ignoreCase` does
 */
export function readIgnoreFile(text: string, fold: boolean): IgnoreFile {
  const rules = linesOf(text).flatMap((line) => compile(fold ? line.toLowerCase() : line) ?? []);
  // The last that matches decides.
  rules.reverse();
  return {
    judge(path, folder) {
      const given = fold ? path.toLowerCase() : path;
      const name = given.slice(given.lastIndexOf('/') + 1);
      for (const rule of rules)
        if ((folder || !rule.folderOnly) && rule.matches(given, name)) return !rule.negated;
      return undefined;
    },
  };
}

/** The lines that say something, as git trims them. */
export function linesOf(text: string): string[] {
  return text
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((line) => trimEnd(line.replace(/\r$/, '')))
    .filter((line) => line !== '' && !line.startsWith('#'));
}

interface Rule {
  negated: boolean;
  folderOnly: boolean;
  matches(path: string, name: string): boolean;
}

function compile(line: string): Rule | undefined {
  const negated = line.startsWith('!');
  let pattern = negated ? line.slice(1) : line;
  const folderOnly = pattern.endsWith('/');
  if (folderOnly) pattern = pattern.slice(0, -1);
  if (pattern === '') return undefined;
  const matches = pattern.includes('/') ? pathMatcher(pattern) : nameMatcher(pattern);
  return matches === undefined ? undefined : { negated, folderOnly, matches };
}

/** Without a slash it is about the last name, at any depth. Most patterns are plain or `*.suffix`: these cost no more than a look. */
function nameMatcher(pattern: string): Rule['matches'] | undefined {
  if (!SPECIAL.test(pattern)) return (_path, name) => name === pattern;
  const suffix = pattern.slice(1);
  if (pattern.startsWith('*') && !SPECIAL.test(suffix)) return (_path, name) => name.endsWith(suffix);
  const glob = compileGlob(pattern);
  return glob === undefined ? undefined : (_path, name) => matchGlob(glob, name);
}

function pathMatcher(pattern: string): Rule['matches'] | undefined {
  const parts: Part[] = [];
  for (const text of pattern.replace(/^\//, '').split('/')) {
    const part: Part | undefined = /^\*{2,}$/.test(text) ? ANY_DEPTH : compileGlob(text);
    if (part === undefined) return undefined;
    if (part !== ANY_DEPTH || parts.at(-1) !== ANY_DEPTH) parts.push(part);
  }
  return (path) => matchParts(parts, path.split('/'));
}

const ANY_DEPTH = 'any depth';
type Part = Glob | typeof ANY_DEPTH;

/** As `matchGlob`, with names in place of characters. At the end, `**` stands for one name at least. */
function matchParts(parts: readonly Part[], names: readonly string[]): boolean {
  let at = 0;
  let part = 0;
  let star = -1;
  let from = 0;
  while (at < names.length) {
    const wanted = parts[part];
    if (wanted === ANY_DEPTH) {
      if (part === parts.length - 1) return true;
      star = part;
      from = at;
      part += 1;
    } else if (wanted !== undefined && matchGlob(wanted, names[at] ?? '')) {
      part += 1;
      at += 1;
    } else if (star !== -1) {
      from += 1;
      at = from;
      part = star + 1;
    } else return false;
  }
  return part === parts.length;
}

const SPECIAL = /[*?[\\]/;

/** Spaces at the end go, unless a backslash keeps them. */
function trimEnd(line: string): string {
  const trimmed = line.replace(/ +$/, '');
  if (trimmed.length === line.length) return line;
  const slashes = /\\*$/.exec(trimmed)?.[0].length ?? 0;
  return slashes % 2 === 1 ? `${trimmed} ` : trimmed;
}
