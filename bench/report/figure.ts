import type { Unit } from '../measure/section.ts';

/** A figure with its unit, three digits: `0.42 s`, `180 ms`, `66.1 MB/s`. Megabytes are 10⁶ bytes. */
export function figure(value: number, unit: Unit): string {
  switch (unit) {
    case 'milliseconds':
      return value >= 999.5 ? `${digits(value / 1000)} s` : `${digits(value)} ms`;
    case 'bytes per second':
      return `${digits(value / 1e6)} MB/s`;
    case 'bytes':
      return `${digits(value / 1e6)} MB`;
  }
}

/** A ratio: `0.31 ×`. */
export function times(value: number): string {
  return `${digits(value)} ×`;
}

/** Three significant digits, never an exponent. */
function digits(value: number): string {
  if (value === 0) return '0';
  // Rounded first: 999.6 has four digits before the point only then.
  const rounded = Number(value.toPrecision(3));
  const places = 2 - Math.floor(Math.log10(Math.abs(rounded)));
  return rounded.toFixed(Math.min(Math.max(places, 0), 3));
}
