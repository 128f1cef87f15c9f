import { availableParallelism, totalmem } from 'node:os';
import * as z from 'zod/mini';
import { readJson, writeJson } from '../platform/json-file.ts';
import { type Folder, stateNames } from './folder.ts';

export const MODES = ['linux-portable', 'linux-wsl', 'host-native'] as const;
export type Mode = (typeof MODES)[number];

/** What becomes of commits made in the guest: kept under refs/pcoder/, the checked-out branch moved on too, or no git in the guest. */
export const GIT_COMMITS = ['keep', 'fast-forward', 'none'] as const;

const AuthMode = z.enum(['api-key', 'oauth']);

/** `name`, `folder/name`, `/at-the-root`, `folder/`, with `*` for a part of a name, but not for all of it. */
const PathPattern = z
  .string()
  .check(
    z.maxLength(200),
    z.regex(/^\/?(?!\.{1,2}(\/|$))[^/\\\u0000-\u001f]+(\/(?!\.{1,2}(\/|$))[^/\\\u0000-\u001f]+)*\/?$/),
    z.regex(/[^*/.]/),
  );
const PathPatterns = z.array(PathPattern).check(z.maxLength(200));

/** `state/settings.json`. Everything has a default; the file holds what a person chose. */
export const Settings = z.strictObject({
  defaultTool: z.optional(z.string().check(z.regex(/^[a-z][a-z0-9-]{0,63}$/))),
  defaultMode: z.optional(z.enum(MODES)),
  /** how each tool signs in */
  auth: z.optional(z.record(z.string(), AuthMode)),
  /** MiB of a new start's guest */
  memory: z.optional(z.int().check(z.minimum(512), z.maximum(1_048_576))),
  cpus: z.optional(z.int().check(z.minimum(1), z.maximum(64))),
  /** skips the proof of accelerators */
  accelerator: z.optional(z.enum(['kvm', 'hvf', 'whpx', 'whpx,kernel-irqchip=off', 'tcg'])),
  /** how long nobody must have used a machine until it is suspended: 15m, 2h, never */
  idle: z.optional(z.string().check(z.regex(/^(never|[1-9]\d{0,5}[smh])$/))),
  /** make a snapshot that new machines start from (default: yes) */
  golden: z.optional(z.boolean()),
  /** what becomes of commits made in the guest (default: keep) */
  gitCommits: z.optional(z.enum(GIT_COMMITS)),
  exchange: z.optional(
    z.strictObject({
      /** share of the agreed files above which removals by the guest wait for `pcoder apply` (default: 0.5) */
      removals: z.optional(z.number().check(z.gte(0), z.lte(1))),
    }),
  ),
  /** paths that wait for `pcoder apply` besides those of the list, and paths of the list that do not */
  quarantine: z.optional(z.strictObject({ add: z.optional(PathPatterns), allow: z.optional(PathPatterns) })),
  /** how much is kept to undo sessions with */
  undo: z.optional(
    z.strictObject({
      /** of all sessions together: 500MiB, 2GiB */
      keep: z.optional(z.string().check(z.regex(/^\d{1,6}(MiB|GiB|TiB)$/))),
      days: z.optional(z.int().check(z.minimum(1), z.maximum(10_000))),
    }),
  ),
  /** which image a new machine gets */
  suite: z.optional(z.string().check(z.maxLength(40))),
});
export type Settings = z.infer<typeof Settings>;

/** @throws Fault `config-invalid` */
export async function readSettings(folder: Folder): Promise<Settings> {
  return (await readJson(stateNames(folder).settings, Settings)) ?? {};
}

export async function writeSettings(folder: Folder, settings: Settings): Promise<void> {
  await writeJson(stateNames(folder).settings, settings);
}

/** A guest's share of the host: MiB of memory, and processors. */
export interface MachineSize {
  memory: number;
  cpus: number;
}

/** What a guest gets on this host: half its memory, 2 GiB at most, and as many processors as help, 4 at most (more slow WHPX down). */
export function machineSize(
  settings: Settings,
  host = { memory: totalmem(), cpus: availableParallelism() },
): MachineSize {
  const half = Math.floor(host.memory / 2 ** 20 / 2);
  return {
    memory: settings.memory ?? Math.max(768, Math.min(2048, half)),
    cpus: settings.cpus ?? Math.min(4, host.cpus),
  };
}

/** How much is kept to undo sessions with: bytes of all of them, and days. 2 GiB and 30 days unless the settings say otherwise. */
export function undoLimit({ undo }: Settings): { bytes: number; days: number } {
  const [, amount, unit] = /^(\d+)(MiB|GiB|TiB)$/.exec(undo?.keep ?? '2GiB') ?? [];
  return { bytes: Number(amount) * UNITS[unit as keyof typeof UNITS], days: undo?.days ?? 30 };
}

const UNITS = { MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;
