import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { appDevices, type PluggedDisk } from './arguments.ts';
import type { QmpClient } from './qmp.ts';

type Qmp = Pick<QmpClient, 'execute'>;

/** Names a tool's disk by where it lies from the machine's folder, so that the name outlives a move of both; QEMU allows 31 letters. */
export function appName(tool: string, place: string): string {
  return `${tool.slice(0, 18)}-${createHash('sha256').update(place).digest('hex').slice(0, 8)}`;
}

/**
 * Plugs a read-only disk image into the running machine, unless it is there already.
 * @returns its SCSI target
 */
export async function plugDisk(qmp: Qmp, name: string, disk: string): Promise<number> {
  const plugged = await pluggedDisks(qmp);
  const known = plugged.find((each) => each.name === name);
  if (known !== undefined) return known.target;
  const target = Math.max(0, ...plugged.map((each) => each.target)) + 1;
  const devices = appDevices({ name, disk, target });
  await qmp.execute('blockdev-add', devices.blockdev);
  await qmp.execute('device_add', devices.device);
  return target;
}

/** Asked of QEMU, which outlives our memory. */
export async function pluggedDisks(qmp: Qmp): Promise<PluggedDisk[]> {
  const devices = Devices.parse(await qmp.execute('qom-list', { path: '/machine/peripheral' }));
  const nodes = Nodes.parse(await qmp.execute('query-named-block-nodes', { flat: true }));
  return devices.flatMap(({ name: id }) => {
    const [, name = '', target] = /^app-(.+)\.(\d+)$/.exec(id) ?? [];
    const node = nodes.find((each) => each['node-name'] === `app-${name}`);
    return target === undefined || node === undefined
      ? []
      : [{ name, disk: node.file, target: Number(target) }];
  });
}

const Devices = z.array(z.object({ name: z.string() }));
const Nodes = z.array(z.object({ 'node-name': z.optional(z.string()), file: z.string() }));
