import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openApt } from '../../src/bundle/fetch/apt.ts';
import { replaceFolder } from '../../src/bundle/fetch/replace-folder.ts';
import { type Folder, stateNames } from '../../src/bundle/folder.ts';
import { Fault } from '../../src/fault/fault.ts';
import type { ImageTools } from '../../src/image/build.ts';
import { makeRootDisk } from '../../src/image/disk.ts';
import { findKeyring } from '../../src/image/keyring.ts';
import { readyMmdebstrap } from '../../src/image/prerequisites.ts';
import { makeOpensshKey } from '../../src/machine/openssh-key.ts';
import { isSuperuser } from '../../src/platform/host.ts';
import { writeWhole } from '../../src/platform/whole-file.ts';
import type { StockPlan } from './recipe.ts';

/** The files of a stock guest's folder. */
export function stockFiles(home: string) {
  return {
    kernel: join(home, 'vmlinuz'),
    initrd: join(home, 'initrd.img'),
    root: join(home, 'root.qcow2'),
    userKey: join(home, 'id_ed25519'),
    hostKey: join(home, 'ssh_host_ed25519_key.pub'),
  };
}

/**
 * Builds the stock guest into `home`, whole or not at all (some minutes, over the network). `settle` gets the finished folder before it
 * takes its name.
 * @throws Fault `prerequisite-missing`, `fetch-failed`, `build-failed`, `disk-full`, `interrupted`
 */
export async function buildStock(
  folder: Folder,
  plan: StockPlan,
  home: string,
  tools: ImageTools,
  settle: (fresh: string) => Promise<void>,
): Promise<void> {
  const { reach, progress, signal } = tools;
  progress({ type: 'step', step: 'making the stock guest, once; this takes some minutes' });
  const mode = await readyMmdebstrap(isSuperuser(), reach, progress, signal);
  const keyring = await findKeyring(folder, plan.image, tools);
  const { release, recipe } = plan.image;
  const apt = await openApt(
    join(stateNames(folder).aptHome, `stock-${release.suite}`),
    { ...release, keyring },
    reach,
    signal,
  );
  await replaceFolder(home, async (fresh) => {
    const work = join(fresh, 'work');
    await mkdir(work);
    const key = makeOpensshKey('bench');
    const files = stockFiles(fresh);
    await writeWhole(files.userKey, key.privateKey, { mode: 0o600 });
    await writeWhole(join(work, 'authorized_keys'), `${key.publicKey}\n`);
    // Hooks run in the work folder, by names without a space: no path needs quoting.
    await reach.run('cp', [plan.customize, join(work, 'customize.sh')], { signal });
    const args = [
      `--mode=${mode}`,
      `--variant=${plan.variant}`,
      '--format=tar',
      `--include=${plan.packages.join(',')}`,
      `--components=${release.components.join(',')}`,
      `--keyring=${keyring}`,
      ...apt.settings.map((line) => `--aptopt=${line.replace(/;$/, '')}`),
      '--aptopt=APT::Install-Recommends "false"',
      '--aptopt=Acquire::Languages "none"',
      '--customize-hook=copy-in customize.sh authorized_keys /root',
      '--customize-hook=chroot "$1" sh /root/customize.sh',
      '--customize-hook=copy-out /boot /etc/ssh/ssh_host_ed25519_key.pub .',
      release.suite,
      'root.tar',
      ...apt.sources,
    ];
    await reach.run('setpriv', ['--pdeathsig', 'TERM', 'mmdebstrap', ...args], {
      cwd: work,
      env: { SOURCE_DATE_EPOCH: undefined, TMPDIR: mode === 'unshare' ? '/tmp' : undefined },
      signal,
    });
    await rename(await bootFile(work, 'vmlinuz-'), files.kernel);
    await rename(await bootFile(work, 'initrd.img-'), files.initrd);
    await rename(join(work, 'ssh_host_ed25519_key.pub'), files.hostKey);
    await makeRootDisk(join(work, 'root.tar'), files.root, recipe, work, tools);
    await rm(work, { recursive: true });
    await settle(fresh);
  });
}

async function bootFile(work: string, prefix: string): Promise<string> {
  const boot = join(work, 'boot');
  const name = (await readdir(boot)).find((file) => file.startsWith(prefix));
  if (name === undefined) throw new Fault('build-failed', `the stock guest has no /boot/${prefix}…`);
  return join(boot, name);
}
