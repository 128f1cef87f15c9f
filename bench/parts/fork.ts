import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab.ts';
import { alternate } from '../measure/alternate.ts';
import type { Section } from '../measure/section.ts';

/** Forks that are up at once. */
const FORKS = 8;
/** Milliseconds they are left alone before they are looked at. */
const REST = 10_000;

/** How soon a fork works, and what eight of them take of the host's memory. */
export async function measureFork(lab: Lab): Promise<Section[]> {
  const fork = lab.ours.named('fork');
  const steps: { whole: number[]; first: number[] } = { whole: [], first: [] };
  await lab.ours.exec(['true']);
  await lab.ours.stop();
  await alternate(
    [
      {
        id: 'fork',
        label: 'a fork and its first command',
        async measure() {
          const forked = await lab.ours.fork('fork');
          const first = await fork.exec(['true']);
          await fork.remove();
          steps.whole.push(forked + first);
          steps.first.push(first);
          return forked + first;
        },
      },
    ],
    { ...lab, repeat: lab.repeat ?? 7 },
  );
  const whole = '`pcoder machine fork default NAME`, then `pcoder exec --machine NAME -- true`';
  return [
    {
      title: 'A fork of a stopped machine and its first command',
      unit: 'milliseconds',
      rows: [
        { id: 'whole', label: whole, outcome: { samples: steps.whole } },
        { id: 'first', label: 'the second of the two alone', outcome: { samples: steps.first } },
      ],
      expectations: [
        {
          text: 'the first command in the fork at most 0.7 s after it was asked for',
          kind: 'value',
          row: 'whole',
          atMost: 700,
        },
      ],
      notes: ['Two whole commands of a person at a shell.'],
    },
    await idleForks(lab),
  ];
}

async function idleForks(lab: Lab): Promise<Section> {
  const names = Array.from({ length: FORKS }, (_, index) => `fork${index}`);
  const bytes: number[] = [];
  const qemus: number[] = [];
  const supervisors: number[] = [];
  try {
    for (const name of names) {
      lab.signal.throwIfAborted();
      lab.note(`fork ${name}`);
      await lab.ours.fork(name);
      await lab.ours.named(name).exec(['true']);
    }
    await sleep(REST, undefined, { signal: lab.signal });
    for (const name of names) {
      const { run, supervisor } = await lab.ours.named(name).status();
      const qemu = run === undefined ? 0 : proportional(run.pid);
      const owner = proportional(supervisor.pid);
      qemus.push(qemu);
      supervisors.push(owner);
      bytes.push(qemu + owner);
    }
  } finally {
    for (const name of names)
      await lab.ours
        .named(name)
        .remove()
        .catch(() => {});
  }
  return {
    title: `${FORKS} forks at once, idle`,
    unit: 'bytes',
    rows: [
      { id: 'each', label: 'host memory of each', outcome: { samples: bytes } },
      { id: 'qemu', label: 'of it QEMU with the guest', outcome: { samples: qemus } },
      { id: 'supervisor', label: 'of it the supervisor', outcome: { samples: supervisors } },
    ],
    expectations: [{ text: 'at most 200 MB each', kind: 'value', row: 'each', atMost: 200e6 }],
    notes: [
      `Pss ${REST / 1000} s after the last one's command: what is shared counts in equal parts, so the eight add up to what the host misses. The samples are the eight machines.`,
    ],
  };
}

/** Proportional set size in bytes, of Linux. */
function proportional(pid: number): number {
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}
