import { randomBytes } from 'node:crypto';

/** Sorts by time, names one session for ever: `20261120-143005-7f3a`. */
export function newSessionId(now: Date): string {
  const digits = now.toISOString().replace(/[-:]/g, '');
  return `${digits.slice(0, 8)}-${digits.slice(9, 15)}-${randomBytes(2).toString('hex')}`;
}
