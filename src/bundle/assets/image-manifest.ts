import * as z from 'zod/mini';
import { pinnedFile } from './verify.ts';

const text = z.string().check(z.minLength(1), z.maxLength(300));
const imageId = z.string().check(z.regex(/^[a-z0-9][a-z0-9.-]{0,63}$/));
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));

/** `image.json`: everything that went into a guest image, and the pins of its three files. */
export const imageManifest = z.object({
  format: z.literal(1),
  id: imageId,
  /** e.g. `debian-13` */
  suite: text,
  recipe: z.object({ version: z.int(), sha256 }),
  /** e.g. `6.12.90+deb13-cloud-amd64` */
  kernel: text,
  node: text,
  files: z.object({ vmlinuz: pinnedFile, initrd: pinnedFile, 'root.qcow2': pinnedFile }),
  packages: z.array(z.object({ name: text, version: text })).check(z.maxLength(5000)),
});
export type ImageManifest = z.infer<typeof imageManifest>;

/** `vm-manifest.json`: the image new machines are made on. */
export const vmManifest = z.object({ format: z.literal(1), image: imageId });
