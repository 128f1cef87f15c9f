/**
 * The key under which names are one on some file system that ignores case or Unicode form (NTFS, APFS, HFS+, ext4
 * casefold). Folds more than each of them does: two names too many kept apart cost a report, one too few costs a file.
 */
export function foldName(name: string): string {
  if (ASCII.test(name)) return name.toLowerCase();
  const composed = name.replace(IGNORABLE, '').normalize('NFKC');
  // All three together approximate full case folding: ẞ, ß and ss, ﬁ and fi, K (U+212A) and k, ı and i meet.
  const folded = composed.toLowerCase().toUpperCase().toLowerCase().normalize('NFKC');
  // Composing may bring forth what is ignored: U+FFA0 becomes U+1160.
  return folded.replace(IGNORABLE, '');
}

/** The same, for tools that besides open `name::$DATA`, `name.` and `name ` as `name`, as Windows does. */
export function looseName(name: string): string {
  return foldName(name).replace(STREAM, '').replace(TRAILING, '');
}

/** Whether some file system takes this name for `.git` (CVE-2014-9390 and its successors). */
export function isGitName(name: string): boolean {
  if (name === '.git') return true;
  // Plain names are decided without folding: this runs for every name of a scan.
  if (PLAIN.test(name)) return false;
  const folded = looseName(name);
  return folded === '.git' || GIT_SHORT_NAME.test(folded);
}

// What ext4 (casefold) and f2fs leave out of a comparison; HFS+ (git, utf8.c) leaves out a part of it.
const IGNORABLE = /\p{Default_Ignorable_Code_Point}/gu;
const ASCII = /^[\u0020-\u007e]*$/;
const STREAM = /:.*$/s;
const TRAILING = /[. ]+$/;
const GIT_SHORT_NAME = /^git~\d+$/;
const PLAIN = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;
