import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A folder of its own for one test, with a name that breaks careless quoting. Removed afterwards. */
export async function scratch(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'pcoder é test-'));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}
