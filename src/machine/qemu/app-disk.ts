import * as z from 'zod/mini';
import type { QmpClient } from './qmp.ts';

/**
 * Plugs a read-only disk image into the running machine, unless it is there already.
 * @returns its SCSI target
 */
export async function plugDisk(qmp: Pick<QmpClient, 'execute'>, name: string, disk: string): Promise<number> {
  const node = `app-${name}`;
  const plugged = await pluggedDisks(qmp);
  const known = plugged.get(node);
  if (known !== undefined) return known;
  const target = Math.max(0, ...plugged.values()) + 1;
  const file = { driver: 'file', filename: disk, 'read-only': true };
  await qmp.execute('blockdev-add', { driver: 'raw', 'node-name': node, 'read-only': true, file });
  await qmp.execute('device_add', {
    driver: 'scsi-hd',
    id: `${node}.${target}`,
    bus: 'apps.0',
    'scsi-id': target,
    drive: node,
  });
  return target;
}

/** By node name, with their targets; asked of QEMU, which outlives our memory. */
async function pluggedDisks(qmp: Pick<QmpClient, 'execute'>): Promise<Map<string, number>> {
  const devices = z
    .array(z.object({ name: z.string() }))
    .parse(await qmp.execute('qom-list', { path: '/machine/peripheral' }));
  const found = new Map<string, number>();
  for (const { name } of devices) {
    const [, node, target] = /^(app-.+)\.(\d+)$/.exec(name) ?? [];
    if (node !== undefined) found.set(node, Number(target));
  }
  return found;
}
