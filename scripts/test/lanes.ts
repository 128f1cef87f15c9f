import { glob } from 'node:fs/promises';
import { join } from 'node:path';

export interface Lane {
  name: string;
  /** its files start machines: one file at a time, since a host this small carries two machines at most */
  machines: boolean;
  /** folders below `tests/`; undefined for all that no other lane names */
  folder: string | undefined;
}

/** In the order they run: what fails fast comes first. */
export const LANES: readonly Lane[] = [
  { name: 'unit', machines: false, folder: undefined },
  { name: 'e2e', machines: true, folder: 'e2e' },
  { name: 'crash', machines: true, folder: 'crash' },
];

/** The test files of a lane, sorted. */
export async function filesOf(root: string, lane: Lane): Promise<string[]> {
  const named = LANES.flatMap(({ folder }) => (folder === undefined ? [] : [`tests/${folder}/`]));
  const files = [];
  for await (const file of glob(`tests/${lane.folder ?? ''}/**/*.test.ts`.replace('//', '/'), {
    cwd: root,
  })) {
    if (lane.folder === undefined && named.some((folder) => file.startsWith(folder))) continue;
    files.push(join(root, file));
  }
  return files.sort();
}
