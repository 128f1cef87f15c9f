/**
 * Text from the guest, a file name or another program made safe for a terminal or a log line: control characters, line
 * separators, bidirectional overrides and whatever else acts or hides become visible escapes (CVE-2021-42574 and terminal
 * escape injection).
 */
export function visible(text: string, limit = 2000): string {
  let out = '';
  for (const character of text) {
    if (out.length >= limit) return `${out}…`;
    out += HIDDEN.test(character) ? `\\u{${character.codePointAt(0)?.toString(16)}}` : character;
  }
  return out;
}

/** The same for text that may span lines, each made safe on its own. */
export function visibleLines(text: string, indent = ''): string {
  return text
    .split('\n')
    .map((line) => visible(line))
    .join(`\n${indent}`);
}

/** Controls, formats, lone surrogates and characters without a glyph of their own; separators of lines; fillers and selectors. */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
