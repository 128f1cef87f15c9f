import * as z from 'zod/mini';
import { text } from './fields.ts';

/** Method `info`: what the agent daemon says of itself and its guest. */
export const INFO = 'info';
export const GuestInfo = z.object({
  pid: z.int(),
  /** seconds since the guest kernel started */
  uptime: z.number(),
  /** resident memory of the agent daemon, bytes */
  resident: z.number(),
  kernel: text(256),
  distribution: text(256),
  /** of systemd: `starting`, `running`, `degraded`, …; `early` before it answers */
  system: text(64),
  node: text(64),
});
export type GuestInfo = z.infer<typeof GuestInfo>;

/** Method `mount-app`: makes a tool's read-only disk, plugged in as SCSI target `target`, appear at `path`. */
export const MOUNT_APP = 'mount-app';
export const MountApp = z.object({
  target: z.int().check(z.minimum(0), z.maximum(255)),
  path: text(256).check(z.regex(/^\/opt\/pcoder\/apps\/[a-z0-9-]+$/)),
});

/** Method `place`: writes a small file for the guest user, whole. */
export const PLACE = 'place';
export const PlaceFile = z.object({
  path: text(4096).check(z.regex(/^\/home\/portable\//)),
  content: text(128 * 1024),
  mode: z.int(),
  /** an existing file is left as it is */
  keep: z.boolean(),
});
export type PlaceFile = z.infer<typeof PlaceFile>;

/** Method `make-folder`: a folder that is the guest user's, with what is missing above it. */
export const MAKE_FOLDER = 'make-folder';
export const MakeFolder = z.object({ path: text(4096).check(z.regex(/^\/home\/portable\//)) });

/** Method `power-off`: answers, then shuts the guest down cleanly. */
export const POWER_OFF = 'power-off';

/** Method `sync`: file systems flushed. */
export const SYNC = 'sync';

/** Method `ssh`: one connection to the guest's sshd, as bytes on lane 0. */
export const SSH = 'ssh';

export const Nothing = z.object({});
