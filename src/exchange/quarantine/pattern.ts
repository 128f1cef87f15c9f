import { foldName, looseName } from '../shared/fold-name.ts';

/**
 * One path of the list. `name` or `folder/name` is found at any depth; a slash before it ties it to the project's root, one
 * after it makes it a folder with all below; `*` stands for any part of one name. Names are compared as the most lenient
 * file system and tool would.
 */
export interface Pattern {
  text: string;
  names: readonly NameTest[];
  /** only at the project's root */
  anchored: boolean;
  /** with everything below */
  folder: boolean;
}

/** A name to be equal to, or a form it must have. */
type NameTest = string | RegExp;

export function parsePattern(text: string): Pattern {
  const names = text.split('/');
  const anchored = names[0] === '';
  if (anchored) names.shift();
  const folder = names.at(-1) === '';
  if (folder) names.pop();
  return { text, names: names.map(nameTest), anchored, folder };
}

/**
 * Whether a path is one of these.
 * @param names of the path, loosened
 */
export function matches(pattern: Pattern, names: readonly string[], isFolder: boolean): boolean {
  // A folder called like a file of the list is nothing any tool would read.
  if (isFolder && !pattern.folder) return false;
  const length = pattern.names.length;
  for (let end = pattern.folder ? length : names.length; end <= names.length; end += 1) {
    const start = end - length;
    if (start < 0 || (pattern.anchored && start > 0)) continue;
    if (isAt(pattern, names, start, length)) return true;
  }
  return false;
}

/** Whether something below this path could be one of these because of the path's own name: `.github` of `.github/x`. */
export function leadsTo(pattern: Pattern, names: readonly string[]): boolean {
  for (let count = 1; count < pattern.names.length && count <= names.length; count += 1) {
    const start = names.length - count;
    if ((!pattern.anchored || start === 0) && isAt(pattern, names, start, count)) return true;
  }
  return false;
}

function isAt(pattern: Pattern, names: readonly string[], start: number, count: number): boolean {
  for (let index = 0; index < count; index += 1) {
    const wanted = pattern.names[index];
    const name = names[start + index];
    if (wanted === undefined || name === undefined) return false;
    if (typeof wanted === 'string' ? wanted !== name : !wanted.test(name)) return false;
  }
  return true;
}

function nameTest(name: string): NameTest {
  if (!name.includes('*')) return looseName(name);
  const parts = name.split('*').map((part) => foldName(part).replace(/[\\^$.+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's');
}
