import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';

/** A folder for temporary ones, in memory where there is such: what is made and flushed thousands of times is quick there. */
export function memoryFolder(): string {
  try {
    accessSync('/dev/shm', constants.R_OK | constants.W_OK | constants.X_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}
