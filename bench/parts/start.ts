import type { Lab } from '../lab.ts';
import { alternate, type Contender } from '../measure/alternate.ts';
import type { Section } from '../measure/section.ts';
import { startStock } from '../stock/stock-guest.ts';

/** From nothing running to the first command's end. One guest at a time. */
export async function measureStart(lab: Lab): Promise<Section[]> {
  const contenders: Contender[] = [
    {
      id: 'ours',
      label: '`pcoder exec -- true`, machine stopped',
      async measure() {
        try {
          return await lab.ours.exec(['true']);
        } finally {
          await lab.ours.stop();
        }
      },
    },
    {
      id: 'stock',
      label: 'stock guest, until `ssh … true` returned',
      async measure() {
        const guest = await startStock(await lab.stock(), lab.signal);
        await guest.kill();
        return guest.startedIn;
      },
    },
  ];
  return [
    {
      title: 'Cold start to the first command',
      unit: 'milliseconds',
      rows: await alternate(contenders, { ...lab, repeat: lab.repeat ?? 5 }),
      ours: 'ours',
      expectations: [
        {
          text: 'at most a third of the stock guest',
          kind: 'ratio',
          row: 'ours',
          against: 'stock',
          atMost: 1 / 3,
        },
      ],
      notes: [
        'Ours is the whole command of a person at a shell: no supervisor runs, the guest is off, the files of the image are in the page cache.',
        'The stock guest is the same distribution with its own initrd, systemd and sshd, priority `important`, no cloud-init, user-mode networking, started with `-kernel` by the same QEMU with the same memory and processors. Its ssh port is knocked on from outside and the login begins at the first greeting.',
      ],
    },
  ];
}
