import { loadApp } from '../../bundle/assets/app.ts';
import { pinOf } from '../../bundle/assets/app-pins.ts';
import { currentImageId, verifyImage } from '../../bundle/assets/image.ts';
import { loadQemu } from '../../bundle/assets/qemu.ts';
import { stateNames } from '../../bundle/folder.ts';
import { Fault, isFault } from '../../fault/fault.ts';
import { lastVerdict } from '../../machine/qemu/verdict.ts';
import { listProfiles, loadProfile } from '../../tools/profiles.ts';
import { TOOLS } from '../../tools/registry.ts';
import type { Context } from '../context.ts';
import type { Check, Finding } from './check.ts';

/** What the folder must hold. What is merely not there yet is fetched by the first command that needs it. */
export const ASSET_CHECKS: readonly Check[] = [
  {
    id: 'qemu',
    title: 'QEMU, every file',
    run: ({ folder }) =>
      found(async () => `${(await loadQemu(folder, { full: true })).version}`, 'pcoder setup'),
  },
  {
    id: 'image',
    title: 'Guest image, every byte',
    run: ({ folder }) =>
      found(async () => {
        const id = await currentImageId(folder);
        if (id === undefined) throw new Fault('asset-missing', 'there is no guest image yet');
        const image = await verifyImage(folder, id, { full: true });
        return `${image.id}, Linux ${image.manifest.kernel}`;
      }, 'pcoder image build'),
  },
  ...TOOLS.map(
    (tool): Check => ({
      id: `app-${tool.name}`,
      title: `Program of ${tool.name}`,
      run: ({ folder }) =>
        found(
          async () => (await loadApp(folder, tool.name, pinOf(tool.name), { full: true })).version,
          `pcoder run ${tool.name}`,
        ),
    }),
  ),
  {
    id: 'profiles',
    title: 'Profiles',
    run: async ({ folder }: Context) => {
      const names = await listProfiles(folder);
      const broken = (
        await Promise.all(
          names.map((name) =>
            loadProfile(folder, name).then(
              () => undefined,
              (error: unknown) => String(error),
            ),
          ),
        )
      ).filter((each) => each !== undefined);
      if (broken.length === 0) return { result: 'ok', detail: names.join(', ') };
      return { result: 'failed', detail: broken.join('; '), remedy: 'mend or remove the file it names' };
    },
  },
  {
    id: 'accelerator',
    title: 'Accelerator',
    run: async ({ folder }) => {
      const verdict = await lastVerdict(stateNames(folder).accelerator);
      if (verdict === undefined)
        return {
          result: 'warning',
          detail: 'not proven yet on this boot of the host',
          remedy: 'pcoder start proves it',
        };
      return { result: 'ok', detail: `${verdict.accelerator}: ${verdict.reason}` };
    },
  },
];

/** Missing is a warning, since it is fetched when needed; damaged is a failure. */
async function found(look: () => Promise<string>, remedy: string): Promise<Finding> {
  try {
    return { result: 'ok', detail: await look() };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    if (isFault(error, 'asset-missing')) return { result: 'warning', detail, remedy };
    return {
      result: 'failed',
      detail,
      remedy: error instanceof Fault && error.hint !== undefined ? error.hint : remedy,
    };
  }
}
