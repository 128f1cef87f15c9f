import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openApt } from '../bundle/fetch/apt.ts';
import { downloadAll } from '../bundle/fetch/batch.ts';
import { type Folder, stateNames } from '../bundle/folder.ts';
import { Fault } from '../fault/fault.ts';
import type { ImageTools } from './build.ts';
import { type ImagePlan, planImage } from './recipe.ts';

/**
 * The keys that sign a suite: the host's, or taken from the package that Debian's own signed archive has of them.
 * @throws Fault `prerequisite-missing`, `fetch-failed`
 */
export async function findKeyring(folder: Folder, plan: ImagePlan, tools: ImageTools): Promise<string> {
  const { package: name, path } = plan.release.keyring;
  const onHost = join('/', path);
  if (await isThere(onHost)) return onHost;
  const hint = `sudo apt-get install -y ${name}`;
  if (plan.release.distribution === 'debian')
    throw new Fault('prerequisite-missing', `Debian's signing keys are not here: ${onHost}`, { hint });

  const { reach, progress, signal } = tools;
  const { aptHome, downloads } = stateNames(folder);
  const home = join(aptHome, 'keyrings');
  const fetched = join(home, path);
  if (await isThere(fetched)) return fetched;
  const debian = (await planImage('debian-13')).release;
  const release = { ...debian, keyring: join('/', debian.keyring.path) };
  const apt = await openApt(join(aptHome, debian.suite), release, reach, signal);
  const item = (await apt.resolve([name])).find((candidate) => candidate.name === name);
  if (item === undefined)
    throw new Fault('prerequisite-missing', `${onHost} is missing and Debian has no ${name}`, { hint });
  const request = { url: item.url, digest: item.digest, size: item.size, label: item.fileName };
  const [deb = ''] = await downloadAll([request], reach, { step: name, downloads, progress, signal });
  await mkdir(home, { recursive: true });
  await reach.run('dpkg-deb', ['-x', deb, home], { signal });
  return fetched;
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
