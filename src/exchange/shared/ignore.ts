import { isGitName } from './fold-name.ts';
import { nameOf } from './path.ts';

/** Decides which paths are no part of the exchange, with everything below them. Gets project paths. */
export type Ignore = (path: string) => boolean;

/** Where one side gathers what it is about to put in place: a folder at the root, so on the same file system. */
export const TEMPORARY_PREFIX = '.pcoder-tmp-';

/**
 * Names that stay where they are: git's own folder travels as objects or not at all, installed packages hold programs
 * for one system, and our temporary folders are nobody's content.
 */
const IGNORED_NAMES: readonly string[] = ['node_modules'];

export const ignoreByDefault: Ignore = (path) => {
  const name = nameOf(path);
  return IGNORED_NAMES.includes(name) || name.startsWith(TEMPORARY_PREFIX) || isGitName(name);
};

/** The default list and besides it these project paths. */
export function ignoreAlso(paths: readonly string[]): Ignore {
  const more = new Set(paths);
  return (path) => more.has(path) || ignoreByDefault(path);
}
