import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { libraryExec } from '../library-exec.ts';
import { alternate, type Contender } from '../measure/alternate.ts';
import type { Section } from '../measure/section.ts';
import { blocks, FILE_BYTES, type Payload, STREAM_BYTES } from './payload.ts';
import { NOTES, rate, type Wires } from './wires.ts';

/** Bytes per second from host to guest. */
export async function measureToGuest(
  { lab, connection, scp, rsync }: Wires,
  payload: Payload,
): Promise<Section> {
  const sink = ['sh', '-c', 'cat > /dev/null'];
  let project = 0;
  const contenders: Contender[] = [
    {
      id: 'ours',
      label: "`pcoder exec -- sh -c 'cat > /dev/null'`",
      measure: async () => rate(STREAM_BYTES, await lab.ours.exec(sink, { input: payload.stream })),
    },
    {
      id: 'library',
      label: 'the same over an open connection to the supervisor',
      measure: async () => rate(STREAM_BYTES, await libraryExec(connection, sink, blocks(STREAM_BYTES))),
    },
    {
      id: 'exchange',
      label: 'a project with one file brought in (`pcoder exec -- true`)',
      async measure() {
        const folder = join(payload.folder, `to-${project++}`);
        await mkdir(folder);
        await copyFile(payload.file, join(folder, 'file.bin'));
        const milliseconds = await lab.ours.exec(['true'], { project: folder });
        await lab.ours.clear(folder);
        return rate(FILE_BYTES, milliseconds);
      },
    },
    {
      id: 'scp',
      label: '`scp` of a file to `/dev/null` in the same guest',
      measure: () => scp('ours', payload.file, 'guest:/dev/null'),
    },
    {
      id: 'stock',
      label: '`scp` of a file to `/dev/null` in the stock guest',
      measure: () => scp('stock', payload.file, 'guest:/dev/null'),
    },
    {
      id: 'rsync',
      label: '`rsync` over ssh of a file into the memory of the stock guest',
      measure: () => rsync(payload.file, 'guest:/dev/shm/bench-rsync'),
    },
  ];
  return {
    title: 'Bytes from host to guest',
    unit: 'bytes per second',
    rows: await alternate(contenders, { ...lab, repeat: lab.repeat ?? 3 }),
    ours: 'ours',
    expectations: [
      {
        text: 'at least three times scp into the same guest',
        kind: 'ratio',
        row: 'ours',
        against: 'scp',
        atLeast: 3,
      },
      {
        text: 'at least three times scp into the stock guest',
        kind: 'ratio',
        row: 'ours',
        against: 'stock',
        atLeast: 3,
      },
    ],
    notes: [
      ...NOTES,
      'The exchange also scans both sides, hashes the file and writes it to the guest’s disk.',
    ],
  };
}
