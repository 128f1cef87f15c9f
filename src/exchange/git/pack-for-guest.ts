import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GIT_LIMITS, type GitLimits } from './limits.ts';
import { GitRefusal } from './refusal.ts';
import type { HostRepository } from './repository.ts';
import type { Scratch } from './scratch.ts';

export interface MadePack {
  /** digest in its name */
  name: string;
  pack: string;
  idx: string;
  size: number;
}

interface Wanted {
  wants: readonly string[];
  /** what the guest has, with all behind it */
  haves: readonly string[];
  /** make as if history ended at these commits */
  shallow?: readonly string[];
  signal?: AbortSignal | undefined;
  limits?: GitLimits | undefined;
}

/**
 * Packs what the guest lacks, with its index: made here it costs the host moments, while indexing a pack of 100 MB takes an emulated guest
 * minutes. Undefined when nothing lacks.
 * @throws GitRefusal when it would be too large
 */
export async function packForGuest(
  repository: HostRepository,
  scratch: Scratch,
  { wants, haves, shallow = [], signal, limits = GIT_LIMITS }: Wanted,
): Promise<MadePack | undefined> {
  const lines = [
    ...shallow.map((commit) => `--shallow ${commit}`),
    ...wants,
    ...haves.map((object) => `^${object}`),
  ];
  const settings = ['pack.indexVersion=2', 'pack.writeReverseIndex=false', 'pack.packSizeLimit=0'];
  const out = await repository.git.ask(
    [
      ...settings.flatMap((setting) => ['-c', setting]),
      ...['pack-objects', '-q', '--revs', '--delta-base-offset', '--non-empty', join(scratch.packs, 'pack')],
    ],
    { input: `${lines.join('\n')}\n`, env: scratch.env, deadline: limits.work, signal },
  );
  const name = out.toString().trim();
  if (name === '') return undefined;
  if (!/^[0-9a-f]{40,64}$/.test(name)) throw new GitRefusal('git made a pack of an unknown kind');
  const pack = join(scratch.packs, `pack-${name}.pack`);
  const { size } = await stat(pack);
  if (size > limits.sent)
    throw new GitRefusal(`${mebibytes(size)} MiB of new history are too much for the guest`);
  return { name, pack, idx: join(scratch.packs, `pack-${name}.idx`), size };
}

/** Bytes of all objects on disk: the most that a first pack can take. */
export async function historySize({ git }: HostRepository): Promise<number> {
  const out = (await git.ask(['count-objects', '-v'])).toString();
  const kibibytes = [...out.matchAll(/^(?:size|size-pack): (\d+)$/gm)].map((found) => Number(found[1]));
  return kibibytes.reduce((sum, each) => sum + each, 0) * 1024;
}

export function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}
