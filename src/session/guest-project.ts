import { createHash } from 'node:crypto';
import { basename } from 'node:path';

export interface GuestProject {
  /** the project's folder in the guest */
  path: string;
  /** names the project on this machine, stable for its host path */
  key: string;
}

/** Where a host project lives in the guest: its own name, and a digest of its path so that two of the same name stay apart. */
export function guestProject(hostPath: string): GuestProject {
  const digest = createHash('sha256').update(hostPath).digest('hex').slice(0, 8);
  const name = basename(hostPath)
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 60);
  const key = `${name === '' ? 'project' : name}-${digest}`;
  return { path: `/home/portable/projects/${key}`, key };
}
