import { constants, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Name of the channel's virtio port, given to QEMU as the port's `name`. */
export const PORT_NAME = 'pcoder.channel';

/** Opens the channel's port. The device's number depends on the machine's other devices, so it is found by name. */
export function openPort(classFolder = '/sys/class/virtio-ports'): number {
  for (const device of readdirSync(classFolder)) {
    if (readFileSync(join(classFolder, device, 'name'), 'utf8').trim() !== PORT_NAME) continue;
    // The kernel lets a port be opened once: reader and writer share this descriptor.
    return openSync(join('/dev', device), constants.O_RDWR);
  }
  throw new Error(`no virtio port is named ${PORT_NAME}`);
}
