import { Fault } from '../fault/fault.ts';

/** A machine nobody uses is suspended after this long, unless a person says otherwise. */
export const DEFAULT_IDLE = '15m';

const UNITS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Longest limit, and what `never` comes to: timers count in 31 bits of milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Reads `90s`, `15m`, `2h` or `never`. @returns milliseconds @throws Fault `usage` */
export function parseIdle(text: string): number {
  if (text === 'never') return LONGEST;
  const [, amount, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  if (amount === undefined || Number(amount) === 0)
    throw new Fault('usage', `${text} is no time`, { hint: 'a number with s, m or h, like 15m; or never' });
  return Math.min(LONGEST, Number(amount) * UNITS[unit as keyof typeof UNITS]);
}
