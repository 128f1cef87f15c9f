import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '../lab.ts';
import { librarySession } from '../library-exec.ts';
import { alternate } from '../measure/alternate.ts';
import type { Row, Section } from '../measure/section.ts';
import { saveStock } from '../stock/saved-stock.ts';

/** Bytes the guest has in use when it is suspended. */
const USED = 300e6;

/** What a stop costs, what it leaves on the disk, and how soon an agent answers afterwards. */
export async function measureSuspend(lab: Lab): Promise<Section[]> {
  const repeat = lab.repeat ?? 5;
  const used: number[] = [];
  const kept: number[] = [];
  const stops = await alternate(
    [
      {
        id: 'ours',
        label: '`pcoder stop`',
        async measure() {
          await lab.ours.start();
          used.push(await useMemory(lab));
          const took = await lab.ours.stop();
          kept.push(await allocated(lab.ours.names.suspended));
          return took;
        },
      },
      {
        id: 'savevm',
        label: '`savevm` of the stock guest',
        measure: async () => (await saveStock(await lab.stock(), lab.signal)).savedIn,
      },
    ],
    { ...lab, repeat },
  );
  const bytes: Row[] = [
    { id: 'kept', label: 'files of the suspended machine', outcome: { samples: kept } },
    { id: 'used', label: 'memory the guest had in use (MemTotal − MemFree)', outcome: { samples: used } },
  ];
  return [
    {
      title: 'Suspending a machine',
      unit: 'milliseconds',
      rows: stops,
      ours: 'ours',
      expectations: [{ text: 'at most 2 s', kind: 'value', row: 'ours', atMost: 2000 }],
      notes: [
        `The guest has 2 GiB, of which at least ${USED / 1e6} MB are in use. The whole command counts: flushing, saving, QEMU's end, hashing what was saved.`,
        'The stock guest is saved by QEMU alone, without the flush; it has used less memory.',
      ],
    },
    {
      title: 'What a suspended machine takes on the disk',
      unit: 'bytes',
      rows: bytes,
      ours: 'kept',
      expectations: [
        {
          text: 'at most the memory in use and a tenth',
          kind: 'ratio',
          row: 'kept',
          against: 'used',
          atMost: 1.1,
        },
      ],
      notes: ['Allocated blocks; the files have holes where the guest’s memory is empty.'],
    },
    await agentAfterStop(lab, repeat),
  ];
}

async function agentAfterStop(lab: Lab, repeat: number): Promise<Section> {
  const tools = ['claude', 'codex'];
  for (const tool of tools) await lab.ours.run(tool, ['--version']);
  const rows = await alternate(
    tools.map((tool) => ({
      id: tool,
      label: `\`pcoder run ${tool} -- --version\``,
      async measure() {
        await lab.ours.stop();
        return lab.ours.run(tool, ['--version']);
      },
    })),
    { ...lab, repeat },
  );
  await lab.ours.stop();
  return {
    title: 'An agent’s version, the machine stopped in between',
    unit: 'milliseconds',
    rows,
    expectations: [{ text: 'claude at most 1.5 s', kind: 'value', row: 'claude', atMost: 1500 }],
    notes: ['The whole command on a suspended machine, on which the agent has run once before.'],
  };
}

/** Fills a file in the guest's memory until enough is in use. @returns bytes in use */
async function useMemory(lab: Lab): Promise<number> {
  const script = `used() { awk '/^MemTotal/ {t=$2} /^MemFree/ {f=$2} END {print (t-f)*1024}' /proc/meminfo; }
rm -f /dev/shm/filling
missing=$(( ${USED} - $(used) ))
[ $missing -le 0 ] || head -c $missing /dev/urandom >/dev/shm/filling
used`;
  const connection = await lab.ours.connect();
  try {
    const { output } = await librarySession(connection, { argv: ['sh', '-c', script] });
    return Number(output.toString());
  } finally {
    connection.close();
  }
}

async function allocated(folder: string): Promise<number> {
  const sizes = ['memory', 'devices', 'snapshot.json'].map(
    async (name) => (await stat(join(folder, name))).blocks * 512,
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
