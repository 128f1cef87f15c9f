import type { QmpEvent } from './qmp.ts';

/** What QEMU tells of a guest that its machine acts on. */
export interface GuestEvents {
  /** the agent daemon has gone */
  daemonLeft(): void;
  /** a write found no space on the host; QEMU has paused the guest */
  outOfSpace(): void;
}

/** Reads QEMU's events. */
export function guestEvents({ daemonLeft, outOfSpace }: GuestEvents): (event: QmpEvent) => void {
  return ({ name, data }) => {
    if (name === 'VSERPORT_CHANGE' && data['id'] === 'channel0' && data['open'] === false) daemonLeft();
    if (name === 'BLOCK_IO_ERROR' && data['nospace'] === true) outOfSpace();
  };
}
