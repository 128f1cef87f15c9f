import { execFile } from 'node:child_process';
import { rename, rm, writeFile } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { plainEnvironment } from '../platform/detached-process.ts';
import { hostSystem } from '../platform/host.ts';

/**
 * V8's start-up snapshot of the agent daemon, beside its module in `home`; undefined where it cannot be made, and then the module alone does.
 * The guest saves loading Node's modules, zod and the daemon itself: 0.4 s of an emulated start. A snapshot fits one Node version and
 * platform, so it is made only where the guest's Node is ours as well; the guest's Node refuses any other.
 */
export async function snapshotAgent(home: string, agent: string): Promise<string | undefined> {
  if (hostSystem() !== 'linux' || arch() !== 'x64') return undefined;
  const name = agent.replace(/\.cjs$/, '.blob');
  const temporary = join(home, `.${name}.${process.pid}.tmp`);
  const plan = `${temporary}.json`;
  try {
    // Compiled code would bind it to this processor and these flags.
    await writeFile(plan, JSON.stringify({ builder: join(home, agent), withoutCodeCache: true }));
    await promisify(execFile)(
      process.execPath,
      ['--no-warnings', '--snapshot-blob', temporary, '--build-snapshot-config', plan],
      { env: plainEnvironment(), timeout: MADE_WITHIN, killSignal: 'SIGKILL' },
    );
    await rename(temporary, join(home, name));
    return name;
  } catch {
    return undefined;
  } finally {
    await Promise.all([plan, temporary].map((path) => rm(path, { force: true })));
  }
}

/** Milliseconds; it takes 200. */
const MADE_WITHIN = 20_000;
