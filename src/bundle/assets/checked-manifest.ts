import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type * as z from 'zod/mini';
import { hostBootId } from '../../platform/host.ts';
import { readJson } from '../../platform/json-file.ts';
import { writeWhole } from '../../platform/whole-file.ts';
import { type PinnedFiles, type VerifyOptions, verifyFiles } from './verify.ts';

/**
 * Reads a manifest through its schema and verifies the files it pins. Where manifest and files look as they did when all of that was last done
 * in this boot of the host, it is not done again: with QEMU's 500 files that takes 5 ms of each start instead of 25.
 * @returns undefined when there is no manifest
 * @throws Fault `asset-missing`, `asset-corrupt`, `config-invalid`
 */
export async function loadChecked<T extends { files: PinnedFiles }>(
  path: string,
  schema: z.core.$ZodType<T>,
  options: VerifyOptions,
  accept: (manifest: T) => void = () => {},
): Promise<T | undefined> {
  const seen = `${options.stamps}.seen`;
  const now = options.full === true ? undefined : look(path, options.base);
  if (now !== undefined && now.sight === readIfThere(seen)) {
    // The same text fitted the schema when it was seen last.
    const manifest = now.manifest as T;
    accept(manifest);
    return manifest;
  }
  const manifest = await readJson(path, schema);
  if (manifest === undefined) return undefined;
  accept(manifest);
  await verifyFiles(manifest.files, options);
  // What was looked at before the check, so that a change under way is found the next time.
  if (now !== undefined) await writeWhole(seen, now.sight).catch(() => undefined);
  return manifest;
}

/** One line over what a manifest says and what its files look like; undefined where something of it is not there. Without the thread pool: 3 ms for 500 files instead of 15. */
function look(path: string, base: string): { manifest: unknown; sight: string } | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const manifest: { files: Record<string, unknown> } = JSON.parse(text);
    const hash = createHash('sha256').update(`${FORM} ${hostBootId()}\n${text}\n`);
    for (const name of Object.keys(manifest.files)) {
      const { size, mtimeMs, ino } = statSync(join(base, name));
      hash.update(`${name} ${size} ${mtimeMs} ${ino}\n`);
    }
    return { manifest, sight: hash.digest('hex') };
  } catch {
    return undefined;
  }
}

/** Raised when a schema of a manifest changes: what fitted the former one is then read through the new one. */
const FORM = 1;

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
