import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type ImagePlan, planImage } from '../../src/image/recipe.ts';

/** How the stock guest is made: the distribution as it comes, with an ssh server. */
export interface StockPlan {
  /** the product's plan for the same suite: release, archive, kernel package, disk size */
  image: ImagePlan;
  variant: string;
  packages: string[];
  /** runs in the new root */
  customize: string;
  commandLine: string;
  /** changes whenever anything above does */
  id: string;
}

/**
 * The stock guest of the product's suite. Priority `important` is what debootstrap installs by default, and rsync comes with it to be measured; no cloud-init, no desktop
 * session bus and no login records come with it, all of which would only make it slower.
 */
export async function planStock(suite: string): Promise<StockPlan> {
  const image = await planImage(suite);
  const { release } = image;
  const customize = fileURLToPath(new URL('customize.sh', import.meta.url));
  const plan = {
    variant: 'important',
    packages: [
      release.kernel.package,
      'busybox',
      'dbus',
      'initramfs-tools',
      'openssh-server',
      'rsync',
      'systemd-sysv',
      'zstd',
    ],
    commandLine: 'root=/dev/vda ro quiet console=ttyS0',
  };
  const hash = createHash('sha256')
    .update(JSON.stringify([1, plan, release, image.recipe.disk]))
    .update(await readFile(customize));
  return { ...plan, image, customize, id: `${suite}-${hash.digest('hex').slice(0, 12)}` };
}
