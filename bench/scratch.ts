import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeWhole } from '../src/platform/whole-file.ts';

/**
 * A fresh temporary folder, outside the portable folder because projects are made in it. `record` keeps its name, so that the next run
 * removes what a killed one left: that may be half a gigabyte.
 */
export async function freshScratch(record: string): Promise<string> {
  const prefix = join(tmpdir(), 'pcoder-bench-');
  const left = (await readFile(record, 'utf8').catch(() => '')).trim();
  if (left.startsWith(prefix)) await rm(left, { recursive: true, force: true });
  const scratch = await mkdtemp(prefix);
  await writeWhole(record, `${scratch}\n`);
  return scratch;
}
