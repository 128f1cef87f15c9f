import { isGitName } from './fold-name.ts';
import { nameOf } from './path.ts';

/** Decides which paths are no part of the exchange, with everything below them. Gets project paths, and whether a folder is there. */
export type Ignore = (path: string, folder: boolean) => boolean;

/** Where one side gathers what it is about to put in place: a folder at the root, so on the same file system. */
export const TEMPORARY_PREFIX = '.pcoder-tmp-';

/**
 * What no rule brings back: git's own folder travels as objects or not at all, and our temporary folders are nobody's
 * content.
 */
export function isNeverExchanged(path: string): boolean {
  const name = nameOf(path);
  return name.startsWith(TEMPORARY_PREFIX) || isGitName(name);
}
