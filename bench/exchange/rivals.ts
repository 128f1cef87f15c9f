import { execFile } from 'node:child_process';
import { cp, mkdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Lab } from '../lab.ts';
import { timed } from '../timed-program.ts';

/** One way to bring a folder into the guest and to keep it there up to date. */
export interface Carrier {
  id: string;
  /** Markdown */
  label: string;
  /** the folder it carries, its own */
  source: string;
  /** Makes the guest's copy equal. @returns milliseconds of the whole command */
  carry(): Promise<number>;
  /** Makes it a folder the guest has nothing of. */
  forget(): Promise<void>;
}

const GUEST = '/home/portable/rivals';

/** Ours and the rivals, each with a copy of `tree` of its own. */
export async function openCarriers(lab: Lab, tree: string, ids: readonly string[]): Promise<Carrier[]> {
  await lab.ours.exec(['mkdir', '-p', GUEST]);
  const home = `${tree}-carried`;
  await mkdir(home);
  return await Promise.all(
    ids.map(async (id) => {
      const source = join(home, id, 'project');
      await mkdir(dirname(source));
      await cp(tree, source, { recursive: true, preserveTimestamps: true });
      return id === 'ours' ? ours(lab, source) : rival(lab, id, source);
    }),
  );
}

function ours(lab: Lab, source: string): Carrier {
  let count = 0;
  const carrier: Carrier = {
    id: 'ours',
    label: '`pcoder exec -- true`',
    source,
    carry: () => lab.ours.exec(['true'], { project: carrier.source }),
    async forget() {
      await lab.ours.exec(['sh', '-c', 'rm -rf /home/portable/projects/project*']);
      // A project is known by its path: under another one it is new.
      const next = join(dirname(dirname(carrier.source)), `ours-${count++}`, basename(carrier.source));
      await mkdir(dirname(next));
      await rename(carrier.source, next);
      carrier.source = next;
    },
  };
  return carrier;
}

function rival(lab: Lab, id: string, source: string): Carrier {
  const { config, host } = lab.ours.ssh;
  const target = `${GUEST}/${basename(dirname(dirname(source)))}-${id}`;
  const archives = join(dirname(source), 'archives');
  const ways: Record<string, { label: string; file: string; args: string[]; env?: Record<string, string> }> =
    {
      scp: {
        label: '`scp -rp`',
        file: 'scp',
        args: ['-q', '-r', '-p', '-F', config, source, `${host}:${target}`],
      },
      rsync: {
        label: '`rsync -a --delete` over ssh',
        file: 'rsync',
        args: [
          '-a',
          '--delete',
          '--exclude=/.git',
          '-e',
          `ssh -F ${config}`,
          `${source}/`,
          `${host}:${target}`,
        ],
      },
      unison: {
        label: '`unison -batch` over ssh',
        file: 'unison',
        args: [
          source,
          `ssh://${host}/${target}`,
          ...['-batch', '-silent', '-auto', '-times', '-confirmbigdel=false', '-ignore', 'Path .git'],
          ...['-sshargs', `-F ${config}`],
        ],
        env: { UNISON: archives },
      },
    };
  const way = ways[id];
  if (way === undefined) throw new Error(`there is no rival ${id}`);
  const { label, ...program } = way;
  return {
    id,
    label,
    source,
    carry: () => timed(program, lab.signal),
    async forget() {
      await lab.ours.exec(['rm', '-rf', target]);
      await promisify(execFile)('rm', ['-rf', archives]);
    },
  };
}
