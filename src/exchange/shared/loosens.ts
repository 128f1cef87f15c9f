import { linesOf } from './ignore-file.ts';

/**
 * Whether a changed ignore file may bring back what the former one left out. Coming from the guest such a change would
 * have the host send files that its owner keeps from it, so it must wait for a person.
 * @param before the former text, '' when there was no file
 * @param after the new one, '' when it was removed
 */
export function loosensIgnoring(before: string, after: string): boolean {
  const left = linesOf(after);
  // A line that stays may not move either: the last that matches decides.
  let at = 0;
  for (const line of linesOf(before)) {
    const found = left.indexOf(line, at);
    if (found === -1 && bringsBack(line)) continue;
    if (found === -1 || left.slice(at, found).some(bringsBack)) return true;
    at = found + 1;
  }
  return left.slice(at).some(bringsBack);
}

function bringsBack(line: string): boolean {
  return line.startsWith('!');
}
