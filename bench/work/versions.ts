import { execa } from 'execa';
import type { HostSide } from './host-side.ts';

const PROGRAMS = ['node', 'npm', 'python3', 'git', 'rg', 'gcc'];
const SCRIPT = PROGRAMS.map((name) => `echo ${name} $(${name} --version 2>/dev/null | head -n 1)`).join('; ');

/** What a reader must know of the programs: same work, but not always the same version. */
export async function versionsNote(
  inGuest: (script: string) => Promise<string>,
  host: Pick<HostSide, 'env'>,
): Promise<string> {
  const { stdout } = await execa('/bin/sh', ['-c', SCRIPT], { env: host.env, reject: false });
  const guest = versions(await inGuest(SCRIPT));
  return `In the guest: ${guest}. On the host: ${versions(String(stdout))}. Node, npm, ripgrep and the agents are the same on both sides.`;
}

/** Each line is a program's name and what it says of its version: the first number with a point in it counts. */
export function versions(text: string): string {
  return text
    .split('\n')
    .flatMap((line) => {
      const [name, ...said] = line.trim().split(' ');
      const [version] = /\d+\.\d[\w.]*/.exec(said.join(' ')) ?? [];
      return version === undefined ? [] : [`${name} ${version}`];
    })
    .join(', ');
}
