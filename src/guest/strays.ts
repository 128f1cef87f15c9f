import { readdirSync, readFileSync } from 'node:fs';
import { PROGRAM_MARK } from './users.ts';

/**
 * Ends the programs that an earlier daemon had started: with it went their input, their output and whoever waited for them. They are known
 * by their environment, which also finds those that left their process group.
 */
export function endStrays(procFolder = '/proc'): void {
  const mark = Buffer.from(`${PROGRAM_MARK}=1\0`);
  for (const entry of readdirSync(procFolder)) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    try {
      if (readFileSync(`${procFolder}/${entry}/environ`).includes(mark))
        process.kill(Number(entry), 'SIGKILL');
    } catch {
      // It has just ended by itself.
    }
  }
}
