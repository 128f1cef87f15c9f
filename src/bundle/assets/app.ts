import * as z from 'zod/mini';
import { Fault } from '../../fault/fault.ts';
import { readJson } from '../../platform/json-file.ts';
import { appNames, type Folder, verifiedStamps } from '../folder.ts';
import { type AppPin, appPin } from './app-pins.ts';
import { pinnedFile, verifyFiles } from './verify.ts';

/** `app.json`: which build of a tool `app.img` holds. */
export const appManifest = z.object({
  format: z.literal(1),
  tool: z.string().check(z.maxLength(100)),
  pin: appPin,
  files: z.object({ 'app.img': pinnedFile }),
});

/** A tool's program, verified, as a disk for the guest. */
export interface App {
  tool: string;
  version: string;
  /** read-only ext4 image, absolute path */
  disk: string;
  /** the program inside it, relative to where it is mounted */
  program: string;
}

/**
 * @throws Fault `asset-missing` when this very build is not here, `asset-corrupt`, `config-invalid`
 */
export async function loadApp(
  folder: Folder,
  tool: string,
  pin: AppPin,
  options: { full?: boolean } = {},
): Promise<App> {
  const names = appNames(folder, tool, pin.version);
  const manifest = await readJson(names.manifest, appManifest);
  const hint = `remove ${names.app} and run the same command again; it is fetched anew`;
  if (manifest === undefined || manifest.pin.integrity !== pin.integrity) {
    throw new Fault('asset-missing', `${tool} ${pin.version} is not here`, {
      hint: `pcoder run ${tool} fetches it`,
    });
  }
  await verifyFiles(manifest.files, {
    base: names.app,
    stamps: verifiedStamps(folder, `app-${tool}`),
    hint,
    ...options,
  });
  return { tool, version: pin.version, disk: names.disk, program: manifest.pin.program };
}
