import { Fault } from '../../src/fault/fault.ts';
import type { Lab } from '../lab.ts';
import { libraryExec } from '../library-exec.ts';
import type { Row, Section } from '../measure/section.ts';
import { blocks, FILE_BYTES } from './payload.ts';

const EXECS = 100;

/** Resident memory after a start and after work, of the three processes that stay. */
export async function measureMemory(lab: Lab): Promise<Section[]> {
  const rows = [
    { id: 'supervisor-start', label: 'supervisor, after the start' },
    { id: 'supervisor-work', label: 'supervisor, after the work' },
    { id: 'agent-start', label: 'agent daemon, after the start' },
    { id: 'agent-work', label: 'agent daemon, after the work' },
    { id: 'qemu-start', label: 'QEMU with its guest, after the start' },
    { id: 'qemu-work', label: 'QEMU with its guest, after the work' },
  ].map((row) => ({ ...row, outcome: { samples: [] as number[] } }));
  const add = (when: 'start' | 'work', found: Resident) => {
    for (const [who, bytes] of Object.entries(found))
      rows.find(({ id }) => id === `${who}-${when}`)?.outcome.samples.push(bytes);
  };
  const repeat = lab.repeat ?? 3;
  for (let repetition = 0; repetition < repeat; repetition++) {
    lab.signal.throwIfAborted();
    lab.note(`memory (${repetition + 1}/${repeat})`);
    await lab.ours.start();
    try {
      add('start', await resident(lab));
      await work(lab);
      add('work', await resident(lab));
    } finally {
      await lab.ours.stop('shutdown');
    }
  }
  return [
    {
      title: 'Resident memory',
      unit: 'bytes',
      rows: rows satisfies Row[],
      expectations: [
        { text: 'the supervisor at most 90 MB', kind: 'value', row: 'supervisor-work', atMost: 90e6 },
        { text: 'the agent daemon at most 70 MB', kind: 'value', row: 'agent-work', atMost: 70e6 },
      ],
      notes: [
        `The work is ${EXECS} commands, one after the other, and ${FILE_BYTES / 1e6} MB into the guest; the reading comes right after it.`,
        'Each repetition is a cold start. Resident means VmRSS, pages shared with other processes included.',
      ],
    },
  ];
}

interface Resident {
  supervisor: number;
  agent: number;
  qemu: number;
}

async function resident(lab: Lab): Promise<Resident> {
  const { supervisor, guest, run } = await lab.ours.status();
  if (guest === undefined || run?.resident === undefined)
    throw new Fault('machine-not-running', 'the bench machine does not answer');
  return { supervisor: supervisor.resident, agent: guest.resident, qemu: run.resident };
}

async function work(lab: Lab): Promise<void> {
  const connection = await lab.ours.connect();
  try {
    for (let count = 0; count < EXECS; count++) {
      lab.signal.throwIfAborted();
      await libraryExec(connection, ['true']);
    }
    await libraryExec(connection, ['sh', '-c', 'cat > /dev/null'], blocks(FILE_BYTES));
  } finally {
    connection.close();
  }
}
