import { constants } from 'node:os';
import { execa } from 'execa';
import { Fault, systemCode } from '../fault/fault.ts';
import type { Context } from './context.ts';

/** Runs a program of the host in the project folder, with this process's terminal. No isolation: it is the user's own program. @throws Fault `prerequisite-missing` */
export async function runNative(
  _context: Context,
  project: string,
  argv: readonly string[],
  env: Record<string, string>,
): Promise<number> {
  const [program = '', ...args] = argv;
  const result = await execa(program, args, {
    cwd: project,
    env,
    stdio: 'inherit',
    reject: false,
    forceKillAfterDelay: false,
  });
  if (systemCode(result) === 'ENOENT') {
    throw new Fault('prerequisite-missing', `this host has no program ${program}`, {
      hint: 'install it, or leave --mode host-native away to use the pinned one in the VM',
    });
  }
  if (result.exitCode !== undefined) return result.exitCode;
  const numbers: Record<string, number> = constants.signals;
  return 128 + (numbers[result.signal ?? ''] ?? 0);
}
