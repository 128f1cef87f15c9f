import type { Connection } from '../../src/channel/connection.ts';
import type { Lab } from '../lab.ts';
import type { StockGuest } from '../stock/stock-guest.ts';
import { FILE_BYTES, STREAM_BYTES } from './payload.ts';

/** What both directions measure with. */
export interface Wires {
  lab: Lab;
  connection: Connection;
  /** Copies by scp, into our guest or the stock one; gives bytes per second. */
  scp(to: 'ours' | 'stock', from: string, target: string): Promise<number>;
  /** Copies by rsync over ssh, into the stock guest or out of it; ours has none. Gives bytes per second. */
  rsync(from: string, target: string): Promise<number>;
  stock: Promise<StockGuest>;
}

/** What every table of throughput must say. */
export const NOTES = [
  `A stream is ${STREAM_BYTES / 2 ** 20} MiB from a file in memory, a file ${FILE_BYTES / 1e6} MB of random bytes; a whole command's time counts, its start included.`,
  'Both guests run during this part and are idle while the other is measured.',
];

/** Bytes per second. */
export function rate(bytes: number, milliseconds: number): number {
  return (bytes / milliseconds) * 1000;
}
