import { agentModule } from '../bundle/agent-build.ts';
import { loadImage } from '../bundle/assets/image.ts';
import { loadQemu, type QemuInstall } from '../bundle/assets/qemu.ts';
import { emptyLayer, type Folder, stateNames } from '../bundle/folder.ts';
import { type MachineSize, readSettings } from '../bundle/settings.ts';
import type { BootImage } from '../machine/machine.ts';
import { candidates } from '../machine/qemu/accelerator.ts';
import type { GuestParts } from '../machine/qemu/guest-parts.ts';
import { probe } from '../machine/qemu/probe.ts';
import { decideAccelerator } from '../machine/qemu/verdict.ts';
import { hostBootId, hostSystem } from '../platform/host.ts';

/** What every machine of a portable folder is made of. */
export function machineParts(
  folder: Folder,
  size: MachineSize,
): Pick<GuestParts, 'memory' | 'cpus' | 'assets' | 'agent' | 'accelerator' | 'emptyLayer'> {
  return {
    ...size,
    assets: (image) => loadAssets(folder, image),
    agent: () => agentModule(folder),
    accelerator: (qemu, image, signal) => chooseAccelerator(folder, qemu, image, signal),
    emptyLayer: (image) => emptyLayer(folder, image),
  };
}

async function loadAssets(folder: Folder, recordedImage: string | undefined) {
  const qemu = await loadQemu(folder);
  const image = await loadImage(folder, recordedImage);
  const { files } = image.manifest;
  const hashes = { kernelHash: files['vmlinuz']?.sha256 ?? '', rootHash: files['root.qcow2']?.sha256 ?? '' };
  return { qemu, image: { ...image, ...hashes } };
}

async function chooseAccelerator(
  folder: Folder,
  qemu: QemuInstall,
  image: BootImage,
  signal: AbortSignal | undefined,
) {
  return decideAccelerator({
    candidates: candidates(hostSystem()),
    identity: { hostBoot: hostBootId(), qemuHash: qemu.qemuHash, kernelHash: image.kernelHash },
    cache: stateNames(folder).accelerator,
    probe: (accelerator) => probe(accelerator, qemu, image, signal),
    forced: (await readSettings(folder)).accelerator,
  });
}
