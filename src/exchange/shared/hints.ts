/** What to look at again: what watchers have noticed is never more than a reason to look. */
export interface Hints {
  /** entries that may have changed, appeared or gone */
  entries: Set<string>;
  /** folders whose content is to be listed again; '' is the root */
  folders: Set<string>;
  /** too much was noticed to be told one by one */
  everything: boolean;
}

export function noHints(): Hints {
  return { entries: new Set(), folders: new Set(), everything: false };
}

export function isEmpty({ entries, folders, everything }: Hints): boolean {
  return entries.size === 0 && folders.size === 0 && !everything;
}
