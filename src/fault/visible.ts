/**
 * Text from the guest, a file name or another program made safe for a terminal or a log line: control characters, line
 * separators and bidirectional overrides become visible escapes (CVE-2021-42574 and terminal escape injection).
 */
export function visible(text: string, limit = 2000): string {
  let out = '';
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    out += isHidden(point) ? `\\u{${point.toString(16)}}` : character;
    if (out.length >= limit) return `${out}…`;
  }
  return out;
}

function isHidden(point: number): boolean {
  return (
    point < 0x20 ||
    (point >= 0x7f && point <= 0x9f) ||
    (point >= 0x200b && point <= 0x200f) ||
    (point >= 0x2028 && point <= 0x202e) ||
    (point >= 0x2066 && point <= 0x2069) ||
    point === 0xfeff
  );
}
