import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Lines no file may exceed (design, "The house"). */
const LONGEST = 500;

export interface FileSizes {
  /** median, 90th percentile and longest, in one line */
  figure: string;
  tooLong: string[];
}

/** How long the TypeScript files of some folders are, against the sizes the design aims at. */
export async function fileSizes(root: string, folders: readonly string[]): Promise<FileSizes> {
  const files: { path: string; lines: number }[] = [];
  for (const folder of folders) {
    const entries = await readdir(join(root, folder), { recursive: true }).catch(() => []);
    for (const entry of entries.filter((name) => name.endsWith('.ts'))) {
      const path = join(folder, entry);
      files.push({ path, lines: (await readFile(join(root, path), 'utf8')).split('\n').length - 1 });
    }
  }
  files.sort((a, b) => a.lines - b.lines);
  const at = (share: number) => files[Math.min(files.length - 1, Math.floor(files.length * share))];
  const longest = at(1);
  return {
    figure: `${files.length} files, median ${at(0.5)?.lines}, 90 % up to ${at(0.9)?.lines}, longest ${longest?.lines} (${longest?.path})`,
    tooLong: files
      .filter(({ lines }) => lines > LONGEST)
      .map(({ path, lines }) => `${path} has ${lines} lines; ${LONGEST} is the limit`),
  };
}
