import { access, constants } from 'node:fs/promises';
import { machineNames, stateNames } from '../../bundle/folder.ts';
import { readSettings } from '../../bundle/settings.ts';
import { renderFault } from '../../fault/render.ts';
import { freeSpace } from '../../platform/free-space.ts';
import { makePrivateFolder, socketFolder } from '../../platform/private-folder.ts';
import type { Check, Finding } from './check.ts';

/** Bytes under which a person should make room: an image, its download and a machine's disk. */
const COMFORTABLE = 4 * 2 ** 30;
const LEAST = 2 ** 30;

/** What the host itself must offer. */
export const HOST_CHECKS: readonly Check[] = [
  {
    id: 'node',
    title: 'Node that runs pcoder',
    run: async () => {
      const major = Number(process.versions.node.split('.')[0]);
      if (major >= 24) return { result: 'ok', detail: `${process.version} (${process.execPath})` };
      return {
        result: 'failed',
        detail: `${process.version} is older than 24`,
        remedy: 'start with ./pcoder, which brings its own Node',
      };
    },
  },
  {
    id: 'state-folder',
    title: 'State folder can be written',
    run: async ({ folder }) => {
      try {
        await makePrivateFolder(folder.state);
        await access(folder.state, constants.W_OK);
        return { result: 'ok', detail: folder.state };
      } catch (error) {
        return {
          result: 'failed',
          detail: `${folder.state}: ${error instanceof Error ? error.message : error}`,
          remedy: 'copy the folder to a place you may write to, or set PCODER_STATE to a writable folder',
        };
      }
    },
  },
  {
    id: 'disk-space',
    title: 'Free disk space',
    run: async ({ folder }): Promise<Finding> => {
      const bytes = await freeSpace(folder.state).catch(() => freeSpace(folder.root));
      const detail = `${(bytes / 2 ** 30).toFixed(1)} GiB free`;
      if (bytes < LEAST)
        return { result: 'failed', detail, remedy: `free some space on the disk that holds ${folder.state}` };
      if (bytes < COMFORTABLE)
        return {
          result: 'warning',
          detail,
          remedy: `an image build needs about 4 GiB on the disk that holds ${folder.state}`,
        };
      return { result: 'ok', detail };
    },
  },
  {
    id: 'sockets',
    title: 'Socket folder',
    run: async ({ folder }) => ({ result: 'ok', detail: socketFolder(machineNames(folder, 'default').home) }),
  },
  {
    id: 'settings',
    title: 'Settings file',
    run: async ({ folder }) => {
      try {
        const settings = await readSettings(folder);
        return {
          result: 'ok',
          detail: Object.keys(settings).length === 0 ? 'defaults' : JSON.stringify(settings),
        };
      } catch (error) {
        return {
          result: 'failed',
          detail: renderFault(error).trim(),
          remedy: `mend or remove ${stateNames(folder).settings}`,
        };
      }
    },
  },
];
