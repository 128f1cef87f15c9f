import type { Lab } from '../lab.ts';
import type { Section } from '../measure/section.ts';
import { type StockGuest, startStock } from '../stock/stock-guest.ts';
import { timed } from '../timed-program.ts';
import { measureFromGuest } from './from-guest.ts';
import { FILE_BYTES, withPayload } from './payload.ts';
import { measureToGuest } from './to-guest.ts';
import { rate, type Wires } from './wires.ts';

/** Bytes each way, by the channel, by the exchange of project files, by scp and by rsync. */
export async function measureThroughput(lab: Lab): Promise<Section[]> {
  await lab.ours.start();
  const stock = lab.stock().then((image) => startStock(image, lab.signal));
  // Who needs it is told why there is none.
  stock.catch(() => {});
  await stock.catch(() => {});
  const connection = await lab.ours.connect();
  try {
    const wires: Wires = { lab, connection, stock, scp: scpWith(lab, stock), rsync: rsyncWith(lab, stock) };
    return await withPayload(lab.scratch, async (payload) => [
      await measureToGuest(wires, payload),
      await measureFromGuest(wires, payload),
    ]);
  } finally {
    connection.close();
    await stock.then((guest) => guest.kill()).catch(() => {});
    await lab.ours.stop();
  }
}

function rsyncWith(lab: Lab, stock: Promise<StockGuest>): Wires['rsync'] {
  return async (from, target) => {
    const { config, host } = (await stock).ssh;
    const place = (path: string) => path.replace(/^guest:/, `${host}:`);
    // The whole file each time, as if it were new: what a delta saves is another matter.
    const args = ['--whole-file', '--ignore-times', '-e', `ssh -F "${config}"`, place(from), place(target)];
    return rate(FILE_BYTES, await timed({ file: 'rsync', args }, lab.signal));
  };
}

function scpWith(lab: Lab, stock: Promise<StockGuest>): Wires['scp'] {
  return async (to, from, target) => {
    const { config, host } = to === 'ours' ? lab.ours.ssh : (await stock).ssh;
    const place = (path: string) => path.replace(/^guest:/, `${host}:`);
    const args = ['-q', '-F', config, place(from), place(target)];
    return rate(FILE_BYTES, await timed({ file: 'scp', args }, lab.signal));
  };
}
