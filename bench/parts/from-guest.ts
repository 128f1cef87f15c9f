import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { libraryExec } from '../library-exec.ts';
import { alternate, type Contender } from '../measure/alternate.ts';
import type { Section } from '../measure/section.ts';
import { FILE_BYTES, type Payload, STREAM_BYTES } from './payload.ts';
import { NOTES, rate, type Wires } from './wires.ts';

/** In the guests' memory, so that no disk counts. */
const STREAM = '/dev/shm/bench-stream';
const FILE = '/dev/shm/bench-file';

/** Bytes per second from guest to host. */
export async function measureFromGuest(wires: Wires, payload: Payload): Promise<Section> {
  const { lab, connection, scp, rsync } = wires;
  await placeFiles(wires, payload);
  let project = 0;
  const contenders: Contender[] = [
    {
      id: 'ours',
      label: '`pcoder exec -- cat FILE`',
      measure: async () => rate(STREAM_BYTES, await lab.ours.exec(['cat', STREAM])),
    },
    {
      id: 'library',
      label: 'the same over an open connection to the supervisor',
      measure: async () => rate(STREAM_BYTES, await libraryExec(connection, ['cat', STREAM])),
    },
    {
      id: 'exchange',
      label: 'a new file brought back into a project (`pcoder exec -- cp FILE .`)',
      async measure() {
        const folder = join(payload.folder, `from-${project++}`);
        await mkdir(folder);
        const milliseconds = await lab.ours.exec(['cp', FILE, '.'], { project: folder });
        await lab.ours.clear(folder);
        return rate(FILE_BYTES, milliseconds);
      },
    },
    {
      id: 'scp',
      label: '`scp` of a file from the same guest',
      measure: () => scp('ours', `guest:${FILE}`, '/dev/null'),
    },
    {
      id: 'stock',
      label: '`scp` of a file from the stock guest',
      measure: () => scp('stock', `guest:${FILE}`, '/dev/null'),
    },
    {
      id: 'rsync',
      label: '`rsync` over ssh of a file from the stock guest',
      measure: () => rsync(`guest:${FILE}`, join(payload.folder, 'from-rsync.bin')),
    },
  ];
  return {
    title: 'Bytes from guest to host',
    unit: 'bytes per second',
    rows: await alternate(contenders, { ...lab, repeat: lab.repeat ?? 3 }),
    ours: 'ours',
    expectations: [
      {
        text: 'at least three times scp from the same guest',
        kind: 'ratio',
        row: 'ours',
        against: 'scp',
        atLeast: 3,
      },
      {
        text: 'at least three times scp from the stock guest',
        kind: 'ratio',
        row: 'ours',
        against: 'stock',
        atLeast: 3,
      },
    ],
    notes: [
      ...NOTES,
      'The exchange also scans both sides, hashes the file, reads it from the guest’s disk and writes it to the host’s.',
    ],
  };
}

async function placeFiles({ lab, scp }: Wires, payload: Payload): Promise<void> {
  lab.note('files in the guests’ memory, not measured');
  await lab.ours.exec(['sh', '-c', `cat > ${STREAM}`], { input: payload.stream });
  await lab.ours.exec(['sh', '-c', `cat > ${FILE}`], { input: payload.file });
  // Without a stock guest, or one that cannot take it, its row says why.
  await scp('stock', payload.file, `guest:${FILE}`).catch(() => {});
}
