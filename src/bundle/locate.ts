import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Folder } from './folder.ts';

/** The portable folder this program is part of. `PCODER_STATE` moves its state, for a folder on read-only media. */
export function locateFolder(env: NodeJS.ProcessEnv = process.env): Folder {
  const root = resolve(fileURLToPath(new URL('../../', import.meta.url)));
  const moved = env['PCODER_STATE'];
  return { root, state: moved === undefined || moved === '' ? resolve(root, 'state') : resolve(moved) };
}
