import { visible, visibleLines } from '../fault/visible.ts';
import type { WaitingChange } from './review.ts';

/** One change that waits, as lines for a terminal: the guest chose the name and wrote the content. */
export function describeChange(
  { path, change, kind, reason, diff }: WaitingChange,
  withDiff: boolean,
): string {
  const name = `${SIGN[change]} ${visible(path, Number.POSITIVE_INFINITY)}${kind === 'folder' ? '/' : ''}`;
  const line = `${name}  (${visible(reason)})`;
  if (!withDiff || kind !== 'file') return line;
  return `${line}\n${diff === '' ? '  no text, or too long to show\n' : shownDiff(diff)}`;
}

const SIGN = { new: 'A', changed: 'M', removed: 'D' };

/** Tabs are text; every other control character could act on the terminal. */
function shownDiff(diff: string): string {
  return diff
    .split('\n')
    .map((line) =>
      line
        .split('\t')
        .map((part) => visibleLines(part))
        .join('\t'),
    )
    .join('\n');
}
