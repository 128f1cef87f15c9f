import * as z from 'zod/mini';
import { pinnedFile } from './verify.ts';

const text = z.string().check(z.minLength(1), z.maxLength(300));
/** relative to the manifest, so that the whole folder may be moved */
const relativePath = z.string().check(z.maxLength(1024), z.regex(/^(?!\/)(?!.*(^|\/)\.\.(\/|$))/));

export const debRecord = z.object({
  name: text,
  version: text,
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});

/** `runtime/qemu/qemu.json`: what was unpacked from where, and the pin of every file of it. */
export const qemuManifest = z.object({
  format: z.literal(1),
  version: text,
  suite: text,
  packages: z.array(debRecord).check(z.maxLength(1000)),
  files: z.record(relativePath, pinnedFile),
});
export type QemuManifest = z.infer<typeof qemuManifest>;
