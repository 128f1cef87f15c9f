import { join } from 'node:path';
import { loadImage } from '../../src/bundle/assets/image.ts';
import { openApt } from '../../src/bundle/fetch/apt.ts';
import { downloadAll } from '../../src/bundle/fetch/batch.ts';
import { realReach } from '../../src/bundle/fetch/reach.ts';
import { stateNames } from '../../src/bundle/folder.ts';
import { findKeyring } from '../../src/image/keyring.ts';
import { planImage } from '../../src/image/recipe.ts';
import type { Lab } from '../lab.ts';

/** What the rivals need and the product's image has not. */
const PACKAGES = ['rsync', 'unison-2.53', 'libpopt0', 'libxxhash0'];

/**
 * Installs the rivals into our guest, from its own distribution: fetched by the host, because the guest reaches no mirror.
 * @throws Fault `fetch-failed`, `prerequisite-missing`
 */
export async function installRivals(lab: Lab): Promise<void> {
  lab.note('rsync and unison for the guest, not measured');
  const { folder } = lab.ours;
  const { suite } = (await loadImage(folder)).manifest;
  const plan = await planImage(suite);
  const tools = { reach: realReach, progress: () => {}, signal: lab.signal, qemu: lab.qemu };
  const keyring = await findKeyring(folder, plan, tools);
  const { aptHome, downloads } = stateNames(folder);
  const release = { ...plan.release, keyring };
  const apt = await openApt(join(aptHome, `rivals-${suite}`), release, realReach, lab.signal);
  const wanted = (await apt.resolve(PACKAGES)).filter(({ name }) => PACKAGES.includes(name));
  const files = await downloadAll(
    wanted.map((item) => ({ url: item.url, digest: item.digest, size: item.size, label: item.fileName })),
    realReach,
    { step: 'rsync and unison', downloads, progress: () => {}, signal: lab.signal },
  );
  for (const file of files) {
    const package_ = join(lab.scratch, 'package.deb');
    await realReach.run('cp', [file, package_], { signal: lab.signal });
    await lab.ours.exec(['sh', '-c', 'cat > /tmp/package.deb'], { input: package_ });
    await lab.ours.exec(['sudo', 'dpkg', '--force-depends', '-i', '/tmp/package.deb']);
  }
  // `unison` is chosen by Debian's alternatives, which come with another package.
  await lab.ours.exec([
    'sh',
    '-c',
    'test -e /usr/bin/unison || sudo ln -s "$(ls /usr/bin/unison-* | head -1)" /usr/bin/unison',
  ]);
}
