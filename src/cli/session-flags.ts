import { resolve } from 'node:path';
import { GIT_COMMITS, MODES, type Mode } from '../bundle/settings.ts';
import { parseAllowed } from '../egress/allow-list.ts';
import { Fault } from '../fault/fault.ts';
import type { ExchangeMode, GitCommits, SessionRequest } from '../session/request.ts';
import { idleFlag, jsonFlag, machineFlag } from './command.ts';
import type { Context } from './context.ts';

export interface SessionFlags {
  readonly json: boolean;
  readonly machine: string;
  readonly project?: string;
  readonly mode?: Mode;
  readonly exchange: ExchangeMode;
  readonly gitCommits?: GitCommits;
  readonly allow: readonly string[];
  readonly idle?: number;
}

/** The flag of every command about a project. */
export const projectFlag = {
  kind: 'parsed',
  parse: String,
  brief: 'Project folder, instead of the current one',
  optional: true,
  placeholder: 'dir',
} as const;

/** Flags of every command that runs something on a project. */
export const sessionFlags = {
  json: jsonFlag,
  machine: machineFlag,
  project: projectFlag,
  mode: {
    kind: 'parsed',
    parse: parseMode,
    brief: 'linux-portable (a VM) or host-native (no isolation)',
    optional: true,
    placeholder: 'mode',
  },
  exchange: {
    kind: 'enum',
    values: ['live', 'review', 'once', 'none'],
    brief:
      'live: as files change; review: back only after pcoder apply; once: before and after; none: nothing travels',
    default: 'live',
  },
  gitCommits: {
    kind: 'enum',
    values: GIT_COMMITS,
    brief: 'Commits of the guest: keep under refs/pcoder/, fast-forward the branch too, none: no git there',
    optional: true,
  },
  allow: {
    kind: 'parsed',
    parse: String,
    brief: 'Let the session reach HOST[:PORT], *.DOMAIN too; repeatable',
    variadic: true,
    default: [],
    placeholder: 'host',
  },
  idle: idleFlag,
} as const;

/** The part of a request that the flags decide. @throws Fault `usage` for an --allow that names no host */
export function requestBase(
  context: Context,
  flags: SessionFlags,
): Pick<SessionRequest, 'project' | 'exchange' | 'gitCommits' | 'allow' | 'idle'> {
  // A wrong one is said before anything is fetched or started.
  for (const text of flags.allow) parseAllowed(text, '--allow');
  return {
    project: resolve(context.cwd, flags.project ?? '.'),
    exchange: flags.exchange,
    ...(flags.gitCommits === undefined ? {} : { gitCommits: flags.gitCommits }),
    allow: [...flags.allow],
    ...(flags.idle === undefined ? {} : { idle: flags.idle }),
  };
}

/** The terminal part of a request, when both ends are one. */
export function terminalOf(context: Context): Pick<SessionRequest, 'terminal' | 'term'> {
  const { stdin, stdout, env } = context;
  if (stdin.isTTY !== true || stdout.isTTY !== true) return {};
  return {
    terminal: { rows: stdout.rows || 24, columns: stdout.columns || 80 },
    term: env['TERM'] ?? 'xterm-256color',
  };
}

/** @throws Fault `usage` when there is none */
export function requireTerminal(context: Context): Pick<SessionRequest, 'terminal' | 'term'> {
  const found = terminalOf(context);
  if (found.terminal === undefined)
    throw new Fault('usage', 'this needs a terminal on stdin and stdout', {
      hint: 'leave -t away, or use pcoder exec -- COMMAND',
    });
  return found;
}

function parseMode(text: string): Mode {
  const mode = MODES.find((known) => known === text);
  if (mode === undefined)
    throw new Fault('usage', `${text} is no mode`, { hint: `one of ${MODES.join(', ')}` });
  return mode;
}
