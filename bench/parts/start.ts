import type { Lab } from '../lab.ts';
import { alternate, type Contender } from '../measure/alternate.ts';
import type { Section } from '../measure/section.ts';
import { type SavedStock, saveStock } from '../stock/saved-stock.ts';
import { startStock } from '../stock/stock-guest.ts';

/** From a machine that is off to the first command's end. One guest at a time. */
export async function measureStart(lab: Lab): Promise<Section[]> {
  const fresh = lab.ours.named('fresh');
  let saved: Promise<SavedStock> | undefined;
  await lab.ours.exec(['true']);
  await lab.ours.stop();
  const contenders: Contender[] = [
    {
      id: 'suspended',
      label: '`pcoder exec -- true`, machine stopped (suspended)',
      async measure() {
        const took = await lab.ours.exec(['true']);
        await lab.ours.stop();
        return took;
      },
    },
    {
      id: 'golden',
      label: '`pcoder exec -- true` on a new machine (golden snapshot)',
      async measure() {
        const took = await fresh.exec(['true']);
        await fresh.remove();
        return took;
      },
    },
    {
      id: 'cold',
      label: '`pcoder exec -- true`, machine shut down',
      async measure() {
        await lab.ours.start();
        await lab.ours.stop('shutdown');
        const took = await lab.ours.exec(['true']);
        await lab.ours.stop();
        return took;
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
    {
      id: 'loadvm',
      label: 'stock guest, `-loadvm` of a `savevm`, until `ssh … true` returned',
      async measure() {
        saved ??= saveStock(await lab.stock(), lab.signal);
        return (await saved).load();
      },
    },
  ];
  return [
    {
      title: 'From a stopped machine to the first command',
      unit: 'milliseconds',
      rows: await alternate(contenders, { ...lab, repeat: lab.repeat ?? 7 }),
      ours: 'suspended',
      expectations: [
        { text: 'a suspended machine at most 0.5 s', kind: 'value', row: 'suspended', atMost: 500 },
        {
          text: 'a suspended machine at most a twentieth of the stock guest',
          kind: 'ratio',
          row: 'suspended',
          against: 'stock',
          atMost: 1 / 20,
        },
        { text: 'a cold start at most 3 s', kind: 'value', row: 'cold', atMost: 3000 },
        {
          text: 'a cold start at most a third of the stock guest',
          kind: 'ratio',
          row: 'cold',
          against: 'stock',
          atMost: 1 / 3,
        },
      ],
      notes: [
        'Ours is the whole command of a person at a shell: no supervisor runs, no QEMU runs, the files of image and snapshot are in the page cache.',
        'The stock guest is the same distribution with its own initrd, systemd and sshd, priority `important`, no cloud-init, user-mode networking, started with `-kernel` by the same QEMU with the same memory and processors. Its ssh port is knocked on from outside and the login begins at the first greeting.',
      ],
    },
  ];
}
