/** A table, its first column on the left. */
export function table(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  align: 'left' | 'right',
): string {
  const line = (row: readonly string[]) => `| ${heads.map((_, index) => row[index] ?? '').join(' | ')} |`;
  const rule = `|${heads.map((_, index) => (index === 0 || align === 'left' ? ' --- |' : ' ---: |')).join('')}`;
  return [line(heads), rule, ...rows.map(line)].join('\n');
}

/** A list, as one block or none. */
export function list(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [lines.map((line) => `- ${line}`).join('\n')];
}

/** Other programs' words, inside Markdown. */
export function plain(text: string): string {
  return text.replaceAll('<', '&lt;').replace(/\.$/, '');
}
