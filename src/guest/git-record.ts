import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { CARRIED_SETTINGS, GitHead } from '../channel/messages/git.ts';

const Record = z.object({
  /** inode of the repository's folder: another one was made by somebody else */
  folder: z.number(),
  /** what the host brought last */
  brought: z.string(),
  head: GitHead,
  refs: z.record(z.string(), z.string()),
  settings: z.partialRecord(z.enum(CARRIED_SETTINGS), z.string()),
  indexMark: z.string(),
});
/** What the host brought last to one repository. It is the daemon's and out of the guest user's reach. */
export type GitRecord = z.infer<typeof Record>;

export function readRecord(home: string, name: string): GitRecord | undefined {
  try {
    const parsed = z.safeParse(Record, JSON.parse(readFileSync(join(home, `${name}.json`), 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export function writeRecord(home: string, name: string, record: GitRecord): void {
  mkdirSync(home, { recursive: true, mode: 0o711 });
  const temporary = join(home, `${name}.new`);
  const fd = openSync(temporary, 'w', 0o600);
  try {
    writeFileSync(fd, JSON.stringify(record));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, join(home, `${name}.json`));
}
