import { execa } from 'execa';
import type { HostSide } from './host-side.ts';

const PROGRAMS = ['node', 'npm', 'python3', 'git', 'rg', 'gcc'];
const SCRIPT = PROGRAMS.map((name) => `${name} --version 2>/dev/null | head -n 1 || true`).join('; ');

/** What a reader must know of the programs: same work, but not always the same version. */
export async function versionsNote(
  inGuest: (script: string) => Promise<string>,
  host: Pick<HostSide, 'env'>,
): Promise<string> {
  const { stdout } = await execa('/bin/sh', ['-c', SCRIPT], { env: host.env, reject: false });
  const guest = lines(await inGuest(SCRIPT));
  return `In the guest: ${guest}. On the host: ${lines(String(stdout))}. Node, npm, ripgrep and the agents are the same on both sides.`;
}

function lines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(', ');
}
