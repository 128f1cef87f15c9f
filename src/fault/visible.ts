/**
 * Text from the guest, a file name or another program made safe for a terminal or a log line: control characters, line
 * separators and bidirectional overrides become visible escapes (CVE-2021-42574 and terminal escape injection).
 */
export function visible(text: string, limit = 2000): string {
  let out = '';
  for (const character of text) {
    if (out.length >= limit) return `${out}…`;
    const point = character.codePointAt(0) ?? 0;
    out += isHidden(point) ? `\\u{${point.toString(16)}}` : character;
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

function isHidden(point: number): boolean {
  return (
    point < 0x20 ||
    (point >= 0x7f && point <= 0x9f) ||
    point === 0x061c ||
    (point >= 0x200b && point <= 0x200f) ||
    (point >= 0x2028 && point <= 0x202e) ||
    (point >= 0x2060 && point <= 0x2069) ||
    point === 0xfeff
  );
}
