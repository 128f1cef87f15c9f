/** What the program's sources look like, in one line: another line, other sources. */
export function stampOfSources(root: string): string;
