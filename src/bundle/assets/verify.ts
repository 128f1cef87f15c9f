import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { Fault, systemCode } from '../../fault/fault.ts';
import { readJson, writeJson } from '../../platform/json-file.ts';
import { fileDigest } from '../fetch/digest.ts';

/** A file as its manifest pins it. */
export const pinnedFile = z.object({
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  size: z.int().check(z.gte(0)),
});
export type PinnedFile = z.infer<typeof pinnedFile>;
export type PinnedFiles = Readonly<Record<string, PinnedFile>>;

/** What a file looked like when its digest was last computed. Only a hint: it saves hashing, it is never a pin. */
const stamp = z.object({ size: z.int(), mtime: z.number(), inode: z.number(), sha256: z.string() });
const stampFile = z.record(z.string().check(z.maxLength(4096)), stamp);
type Stamps = z.infer<typeof stampFile>;

export interface VerifyOptions {
  /** folder the names of the files start from */
  base: string;
  /** where the stamps are kept; it may be unwritable, then every use hashes */
  stamps: string;
  /** hash everything, whatever the stamps say */
  full?: boolean;
  /** the command that mends it */
  hint: string;
}

/**
 * Checks each file against its pinned digest. A file whose size, time and inode are those of its last full check is taken as
 * unchanged: hashing a gigabyte at every start would cost a second.
 * @throws Fault `asset-missing`, `asset-corrupt`, naming the file
 */
export async function verifyFiles(files: PinnedFiles, options: VerifyOptions): Promise<void> {
  const known = options.full ? {} : await readStamps(options.stamps);
  const fresh: Stamps = {};
  let hashed = false;
  await Promise.all(
    Object.entries(files).map(async ([name, pinned]) => {
      const path = join(options.base, name);
      const seen = await look(path, options.hint);
      const last = known[name];
      let sha256 = last?.sha256;
      if (
        last === undefined ||
        last.size !== seen.size ||
        last.mtime !== seen.mtime ||
        last.inode !== seen.inode
      ) {
        sha256 = seen.size === pinned.size ? await fileDigest(path) : 'another size';
        hashed = true;
      }
      if (sha256 !== pinned.sha256)
        throw new Fault('asset-corrupt', `${path} is not what its manifest says`, { hint: options.hint });
      fresh[name] = { ...seen, sha256 };
    }),
  );
  if (hashed) await writeJson(options.stamps, fresh).catch(() => undefined);
}

/** The pin of a file just made. */
export async function pinFile(path: string): Promise<PinnedFile> {
  const { size } = await stat(path);
  return { sha256: await fileDigest(path), size };
}

async function readStamps(path: string): Promise<Stamps> {
  return (await readJson(path, stampFile).catch(() => undefined)) ?? {};
}

async function look(path: string, hint: string) {
  try {
    const { size, mtimeMs, ino } = await stat(path);
    return { size, mtime: mtimeMs, inode: ino };
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR') throw error;
    throw new Fault('asset-missing', `${path} is missing`, { cause: error, hint });
  }
}
