/**
 * The key under which names are one on some file system that ignores case or Unicode form (NTFS, APFS, HFS+, ext4
 * casefold). Folds more than each of them does: two names too many kept apart cost a report, one too few costs a file.
 */
export function foldName(name: string): string {
  // Upper then lower approximates full case folding: ß and ss, ﬁ and fi, K (U+212A) and k, ı and i meet.
  return name.replace(HFS_IGNORABLE, '').normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}

/** Whether some file system takes this name for `.git` (CVE-2014-9390 and its successors). */
export function isGitName(name: string): boolean {
  if (name === '.git') return true;
  // Plain names are decided without folding: this runs for every name of a scan.
  if (PLAIN.test(name)) return false;
  const folded = foldName(name).replace(STREAM, '').replace(TRAILING, '');
  return folded === '.git' || GIT_SHORT_NAME.test(folded);
}

// git, utf8.c: code points HFS+ leaves out of a comparison; U+200B besides, to be on the safe side.
const HFS_IGNORABLE = /[\u200b-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g;
const STREAM = /:.*$/s;
const TRAILING = /[. ]+$/;
const GIT_SHORT_NAME = /^git~\d+$/;
const PLAIN = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;
