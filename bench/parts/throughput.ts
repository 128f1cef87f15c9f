import type { Connection } from '../../src/channel/connection.ts';
import type { Lab } from '../lab.ts';
import type { Section } from '../measure/section.ts';
import { type StockGuest, startStock } from '../stock/stock-guest.ts';
import { timed } from '../timed-program.ts';
import { measureFromGuest } from './from-guest.ts';
import { FILE_BYTES, STREAM_BYTES, withPayload } from './payload.ts';
import { measureToGuest } from './to-guest.ts';

/** What both directions measure with. */
export interface Wires {
  lab: Lab;
  connection: Connection;
  /** Copies by scp, into our guest or the stock one; gives bytes per second. */
  scp(to: 'ours' | 'stock', from: string, target: string): Promise<number>;
  stock: Promise<StockGuest>;
}

/** What every table of throughput must say. */
export const NOTES = [
  `A stream is ${STREAM_BYTES / 2 ** 20} MiB from a file in memory, a file ${FILE_BYTES / 1e6} MB of random bytes; a whole command's time counts, its start included.`,
  'Both guests run during this part and are idle while the other is measured.',
];

/** Bytes each way, by the channel, by the exchange of project files, and by scp. */
export async function measureThroughput(lab: Lab): Promise<Section[]> {
  await lab.ours.start();
  const stock = lab.stock().then((image) => startStock(image, lab.signal));
  // Who needs it is told why there is none.
  stock.catch(() => {});
  await stock.catch(() => {});
  const connection = await lab.ours.connect();
  try {
    const wires: Wires = { lab, connection, stock, scp: scpWith(lab, stock) };
    return await withPayload(async (payload) => [
      await measureToGuest(wires, payload),
      await measureFromGuest(wires, payload),
    ]);
  } finally {
    connection.close();
    await stock.then((guest) => guest.kill()).catch(() => {});
    await lab.ours.stop();
  }
}

function scpWith(lab: Lab, stock: Promise<StockGuest>): Wires['scp'] {
  return async (to, from, target) => {
    const { config, host } = to === 'ours' ? lab.ours.ssh : (await stock).ssh;
    const place = (path: string) => path.replace(/^guest:/, `${host}:`);
    const args = ['-q', '-F', config, place(from), place(target)];
    return rate(FILE_BYTES, await timed({ file: 'scp', args }, lab.signal));
  };
}

/** Bytes per second. */
export function rate(bytes: number, milliseconds: number): number {
  return (bytes / milliseconds) * 1000;
}
