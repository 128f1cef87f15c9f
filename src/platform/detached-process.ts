import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Fault } from '../fault/fault.ts';

export interface DetachedProcess {
  pid: number;
  /** resolves when it ends while we live */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts a program that outlives us, in its own session, its output appended to a private log. @throws Fault `prerequisite-missing` */
export async function startDetached(
  file: string,
  args: string[],
  options: {
    log: string;
    env: NodeJS.ProcessEnv;
    cwd: string;
    /** gives way to everything else on the host */
    background?: boolean;
  },
): Promise<DetachedProcess> {
  const log = openSync(options.log, 'a', 0o600);
  // By `nice`, which becomes the program: the threads a program has already started would keep their priority.
  const isNice = options.background === true && process.platform !== 'win32';
  const [program, ...rest] = isNice ? ['nice', '-n', '19', file, ...args] : [file, ...args];
  try {
    const child = spawn(program ?? file, rest, {
      detached: true,
      stdio: ['ignore', log, log],
      env: options.env,
      cwd: options.cwd,
      windowsHide: true,
    });
    const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
      child.on('exit', (code, signal) => resolve({ code, signal }));
    });
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw new Fault('prerequisite-missing', `${file} could not be started`, {
        cause: error,
        hint: 'pcoder doctor',
      });
    }
    child.unref();
    return { pid: child.pid ?? 0, exited };
  } finally {
    closeSync(log);
  }
}

/** What a program of ours may inherit: where things are and how to talk, never what the user's shell holds besides. */
export function plainEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept: NodeJS.ProcessEnv = {};
  for (const name of INHERITED) {
    if (env[name] !== undefined) kept[name] = env[name];
  }
  return kept;
}

const INHERITED = [
  'PATH',
  'HOME',
  'TMPDIR',
  'TEMP',
  'TMP',
  'LANG',
  'LC_ALL',
  'XDG_RUNTIME_DIR',
  'SYSTEMROOT',
  'USERPROFILE',
  'LOCALAPPDATA',
  'PCODER_STATE',
  'PCODER_FOLDER',
];
