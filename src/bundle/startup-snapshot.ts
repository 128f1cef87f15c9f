import { execFile } from 'node:child_process';
import { rename, rm, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { plainEnvironment } from '../platform/detached-process.ts';
import { hostSystem } from '../platform/host.ts';

/**
 * Makes V8's start-up snapshot of a program, beside its module in `home`. False where it cannot be made, and then the module alone does.
 *
 * The agent daemon saves loading Node's modules, zod and itself: 0.4 s of an emulated start; command and supervisor save 15 to 30 ms each. A
 * snapshot fits one Node version and platform, which refuses any other; it is made only where the guest's Node is ours as well.
 * @param module what is run until it has set its deserialize main function
 */
export async function makeStartupSnapshot(
  home: string,
  module: string,
  snapshot: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<boolean> {
  if (hostSystem() !== 'linux' || arch() !== 'x64') return false;
  const temporary = join(home, `.${snapshot}.${process.pid}.tmp`);
  const plan = `${temporary}.json`;
  try {
    // Compiled code would bind it to this processor and these flags.
    await writeFile(plan, JSON.stringify({ builder: join(home, module), withoutCodeCache: true }));
    await promisify(execFile)(
      process.execPath,
      ['--no-warnings', '--snapshot-blob', temporary, '--build-snapshot-config', plan],
      { env: { ...plainEnvironment(), ...environment }, timeout: MADE_WITHIN, killSignal: 'SIGKILL' },
    );
    await rename(temporary, join(home, snapshot));
    return true;
  } catch {
    return false;
  } finally {
    await Promise.all([plan, temporary].map((path) => rm(path, { force: true })));
  }
}

/** Milliseconds; it takes 200. */
const MADE_WITHIN = 20_000;
