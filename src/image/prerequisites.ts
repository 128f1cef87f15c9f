import { access, readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Reach } from '../bundle/fetch/reach.ts';
import type { Progress } from '../bundle/progress.ts';
import { Fault } from '../fault/fault.ts';

/** How mmdebstrap becomes root over the new tree: it is root, or it maps a range of user ids. */
export type BuildMode = 'root' | 'unshare';

/**
 * Sees to it that mmdebstrap can run. Root gets it installed; everyone else is told the one command.
 * @throws Fault `prerequisite-missing`
 */
export async function readyMmdebstrap(
  superuser: boolean,
  reach: Reach,
  progress: Progress,
  signal: AbortSignal,
): Promise<BuildMode> {
  if (superuser) {
    if (!(await onPath('mmdebstrap', reach))) await installMmdebstrap(reach, progress, signal);
    return 'root';
  }
  const missing = [];
  if (!(await onPath('mmdebstrap', reach))) missing.push('mmdebstrap');
  if (!(await onPath('newuidmap', reach))) missing.push('uidmap');
  if (missing.length > 0) {
    throw new Fault('prerequisite-missing', `building the guest image needs ${missing.join(' and ')}, once`, {
      hint: 'sudo apt-get install -y mmdebstrap uidmap',
    });
  }
  const { username } = userInfo();
  const ranges = await readFile('/etc/subuid', 'utf8').catch(() => '');
  if (!ranges.split('\n').some((line) => line.startsWith(`${username}:`))) {
    throw new Fault(
      'prerequisite-missing',
      `${username} has no range of user ids of its own in /etc/subuid`,
      {
        hint: `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`,
      },
    );
  }
  return 'unshare';
}

async function installMmdebstrap(reach: Reach, progress: Progress, signal: AbortSignal): Promise<void> {
  const step = 'installing mmdebstrap';
  progress({ type: 'step', step });
  const install = () =>
    reach.run('apt-get', ['install', '-y', '-q', 'mmdebstrap'], {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      signal,
    });
  try {
    // On a host whose package lists were never fetched, or are outdated, the second try has them.
    await install().catch(async () => {
      await reach.run('apt-get', ['update', '-q'], { signal });
      await install();
    });
  } catch (cause) {
    throw new Fault('prerequisite-missing', 'mmdebstrap could not be installed', {
      cause,
      hint: 'apt-get update && apt-get install -y mmdebstrap',
    });
  }
  progress({ type: 'done', step });
}

async function onPath(program: string, reach: Reach): Promise<boolean> {
  const folders = (reach.env.PATH ?? '/usr/bin:/usr/sbin').split(delimiter);
  const found = await Promise.all(
    folders.map((folder) =>
      access(join(folder, program)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
