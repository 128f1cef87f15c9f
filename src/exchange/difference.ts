import { createTwoFilesPatch } from 'diff';

/**
 * A unified diff of two versions of a file, as text of whoever wrote them: not yet safe for a terminal.
 * @param before undefined: there was none
 * @returns undefined when one of them is no text
 */
export function difference(
  path: string,
  before: Uint8Array | undefined,
  after: Uint8Array | undefined,
): string | undefined {
  const [old, now] = [textOf(before), textOf(after)];
  if (old === undefined || now === undefined) return undefined;
  const patch = createTwoFilesPatch(
    before === undefined ? '/dev/null' : `a/${path}`,
    after === undefined ? '/dev/null' : `b/${path}`,
    old,
    now,
    undefined,
    undefined,
    // Two texts with nothing in common would take minutes.
    { context: 3, timeout: DIFF_WITHIN },
  );
  return patch?.replace(/^=+\n/, '');
}

/** Milliseconds. */
const DIFF_WITHIN = 2000;

function textOf(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return '';
  if (bytes.subarray(0, SAMPLE).includes(0)) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Git looks as far for a zero byte. */
const SAMPLE = 8000;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
