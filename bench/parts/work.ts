import type { Lab } from '../lab.ts';
import { alternate, type Contender } from '../measure/alternate.ts';
import type { PairedSection } from '../measure/section.ts';
import { openWorkshop } from '../work/workshop.ts';

/** Real work in the guest and the same on the host itself. */
export async function measureWork(lab: Lab): Promise<PairedSection[]> {
  await lab.ours.start();
  try {
    const workshop = await openWorkshop(lab);
    try {
      const pairs: PairedSection['pairs'] = [];
      for (const { id, label, guest, host } of workshop.works) {
        const contenders: Contender[] = [
          { id: 'guest', label: `${label}, in the guest`, measure: guest },
          { id: 'host', label: `${label}, on the host`, measure: host },
        ];
        // Both once before it counts: a person's second command is the usual one, and files come from the page cache.
        await Promise.allSettled([guest(), host()]);
        const [inGuest, onHost] = await alternate(contenders, { ...lab, repeat: lab.repeat ?? 5 });
        if (inGuest !== undefined && onHost !== undefined)
          pairs.push({ id, label, guest: inGuest.outcome, host: onHost.outcome });
      }
      return [
        {
          title: 'Work in the guest and on the host',
          unit: 'milliseconds',
          pairs,
          notes: [...workshop.notes, ...NOTES],
        },
      ];
    } finally {
      await workshop.close();
    }
  } finally {
    await lab.ours.stop();
  }
}

const NOTES = [
  'In the guest a work is one session over an open connection to the supervisor, its start included; on the host one process, started the same way. Each was done once before.',
  'Agents run with the same command line on both sides, against a stand-in model in the benchmark’s own process; every turn but the last has one tool call. In the guest they have what the product sets for emulated processors.',
];
