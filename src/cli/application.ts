import { buildApplication, buildCommand, buildRouteMap, text_en } from '@stricli/core';
import { EXIT } from '../fault/codes.ts';
import { Fault } from '../fault/fault.ts';
import { renderFault } from '../fault/render.ts';
import { visible, visibleLines } from '../fault/visible.ts';
import { idleFlag, jsonFlag, lineCount, machineFlag, machineName } from './command.ts';
import type { Context } from './context.ts';
import { reviewFlags } from './review-flags.ts';
import { projectFlag, sessionFlags } from './session-flags.ts';
import { VERSION } from './version.ts';

const machineArgument = {
  kind: 'tuple',
  parameters: [{ brief: 'Machine name', parse: machineName, optional: true, placeholder: 'machine' }],
} as const;
const oneMachine = {
  kind: 'tuple',
  parameters: [{ brief: 'Machine name', parse: machineName, placeholder: 'machine' }],
} as const;
const yesFlag = { kind: 'boolean', brief: 'Do it without asking', default: false } as const;
const words = (placeholder: string, brief: string) =>
  ({ kind: 'array', parameter: { brief, parse: String, placeholder } }) as const;

const decideParameters = {
  flags: {
    json: jsonFlag,
    ...reviewFlags,
    unseen: {
      kind: 'boolean',
      brief: 'Also what pcoder changes has not shown, or what was changed since',
      default: false,
    },
  },
  positional: words('path', 'Only what is at or below these paths of the project'),
} as const;

/** The commands. Each one's code is loaded only when it is used. */
const routes = buildRouteMap({
  routes: {
    run: buildCommand<RunFlags, string[], Context>({
      loader: async () => (await import('./commands/run.ts')).default,
      parameters: {
        flags: {
          ...sessionFlags,
          profile: {
            kind: 'parsed',
            parse: String,
            brief: 'Provider: a file of profiles/; demo needs no key',
            optional: true,
            placeholder: 'name',
          },
        },
        positional: words('tool [-- arguments]', 'claude or codex, then its own arguments behind --'),
      },
      docs: {
        brief: 'Run a coding agent on the project in the VM',
        customUsage: ['claude', 'claude --profile demo -- -p "mend the bug"', 'codex -- exec "add a test"'],
      },
    }),
    exec: buildCommand<ExecFlags, string[], Context>({
      loader: async () => (await import('./commands/exec.ts')).default,
      parameters: {
        flags: {
          ...sessionFlags,
          tty: { kind: 'boolean', brief: 'Give the command a terminal', default: false },
        },
        aliases: { t: 'tty' },
        positional: words('command', 'Program and arguments, behind --'),
      },
      docs: {
        brief: 'Run any command on the project in the VM; its exit code is ours',
        customUsage: ['-- uname -a', '-t -- htop'],
      },
    }),
    changes: buildCommand<ReviewFlags & { readonly diff: boolean }, string[], Context>({
      loader: async () => (await import('./commands/changes.ts')).default,
      parameters: {
        flags: {
          json: jsonFlag,
          ...reviewFlags,
          diff: { kind: 'boolean', brief: 'Show what is in them', default: false },
        },
        positional: words('path', 'Only what is at or below these paths of the project'),
      },
      docs: {
        brief: 'Show what the guest has changed that waits for you',
        customUsage: ['', '--diff', '--diff .vscode'],
      },
    }),
    apply: buildCommand<DecideFlags, string[], Context>({
      loader: async () => (await import('./commands/decide.ts')).apply,
      parameters: decideParameters,
      docs: { brief: 'Take over what waits, as pcoder changes has shown it' },
    }),
    discard: buildCommand<DecideFlags, string[], Context>({
      loader: async () => (await import('./commands/decide.ts')).discard,
      parameters: decideParameters,
      docs: { brief: "Take back what waits: the guest gets the host's version again" },
    }),
    shell: buildCommand<SessionFlags, [string | undefined], Context>({
      loader: async () => (await import('./commands/shell.ts')).default,
      parameters: { flags: sessionFlags, positional: machineArgument },
      docs: { brief: 'Open a shell on the project in the VM' },
    }),
    start: buildCommand<StartFlags, [string | undefined], Context>({
      loader: async () => (await import('./commands/start.ts')).default,
      parameters: { flags: { json: jsonFlag, idle: idleFlag }, positional: machineArgument },
      docs: { brief: 'Start a machine and leave it running' },
    }),
    stop: buildCommand<StopFlags, [string | undefined], Context>({
      loader: async () => (await import('./commands/stop.ts')).default,
      parameters: {
        flags: {
          json: jsonFlag,
          shutdown: {
            kind: 'boolean',
            brief: 'Shut the guest down instead of suspending it',
            default: false,
          },
        },
        positional: machineArgument,
      },
      docs: { brief: 'Suspend a machine: the next command goes on where it stands' },
    }),
    status: buildCommand<JsonFlags, [string | undefined], Context>({
      loader: async () => (await import('./commands/status.ts')).default,
      parameters: { flags: { json: jsonFlag }, positional: machineArgument },
      docs: { brief: 'Show what a machine is doing' },
    }),
    logs: buildCommand<LogFlags, [string | undefined], Context>({
      loader: async () => (await import('./commands/logs.ts')).default,
      parameters: {
        flags: {
          json: jsonFlag,
          lines: {
            kind: 'parsed',
            parse: lineCount,
            brief: 'How many lines of each',
            default: '40',
            placeholder: 'n',
          },
        },
        positional: machineArgument,
      },
      docs: { brief: "Show a machine's logs: supervisor, QEMU, console" },
    }),
    ssh: buildCommand<SshFlags, string[], Context>({
      loader: async () => (await import('./commands/ssh.ts')).default,
      parameters: {
        flags: {
          json: jsonFlag,
          machine: machineFlag,
          config: { kind: 'boolean', brief: 'Print the ssh -F configuration for editors', default: false },
        },
        positional: words('argument', 'Given to ssh'),
      },
      docs: { brief: 'Log in over ssh, or print the configuration for an editor' },
    }),
    undo: buildCommand<UndoFlags, [string | undefined], Context>({
      loader: async () => (await import('./commands/undo.ts')).default,
      parameters: {
        flags: {
          json: jsonFlag,
          project: projectFlag,
          path: {
            kind: 'parsed',
            parse: String,
            brief: 'Only this file or folder; repeatable',
            variadic: true,
            default: [],
            placeholder: 'path',
          },
          list: { kind: 'boolean', brief: 'List the sessions that can be undone', default: false },
        },
        positional: {
          kind: 'tuple',
          parameters: [{ brief: 'Session id', parse: String, optional: true, placeholder: 'session' }],
        },
      },
      docs: {
        brief: "Bring the project's files on this host back to what they were before a session",
        fullDescription:
          'Without a session: the last one that changed the project and is not undone. Only what is still as the session left it is touched; the rest is named, with the file that keeps what was there before. No machine is needed. An undo can be undone like any session.',
      },
    }),
    doctor: buildCommand<JsonFlags, [], Context>({
      loader: async () => (await import('./commands/doctor.ts')).default,
      parameters: { flags: { json: jsonFlag } },
      docs: { brief: 'Check every part of this folder and host, with what mends it' },
    }),
    'smoke-check': buildCommand<SmokeFlags, [], Context>({
      loader: async () => (await import('./commands/smoke-check.ts')).default,
      parameters: { flags: { json: jsonFlag, machine: machineFlag } },
      docs: { brief: 'Start the machine and prove the whole path' },
    }),
    setup: buildCommand<SetupFlags, [], Context>({
      loader: async () => (await import('./commands/setup.ts')).default,
      parameters: {
        flags: {
          json: jsonFlag,
          init: {
            kind: 'boolean',
            brief: 'Choose the defaults and write state/settings.json',
            default: false,
          },
          tool: { kind: 'parsed', parse: String, brief: 'Default tool', optional: true, placeholder: 'name' },
          mode: { kind: 'parsed', parse: String, brief: 'Default mode', optional: true, placeholder: 'mode' },
          auth: {
            kind: 'parsed',
            parse: String,
            brief: 'How a tool signs in: TOOL=api-key or TOOL=oauth; repeatable',
            variadic: true,
            default: [],
            placeholder: 'tool=how',
          },
        },
      },
      docs: { brief: 'Fetch what is missing; --init also asks for the defaults' },
    }),
    profile: buildRouteMap({
      routes: {
        list: buildCommand<JsonFlags, [], Context>({
          loader: async () => (await import('./commands/profile.ts')).list,
          parameters: { flags: { json: jsonFlag } },
          docs: { brief: 'List the providers' },
        }),
        show: buildCommand<JsonFlags, [string], Context>({
          loader: async () => (await import('./commands/profile.ts')).show,
          parameters: {
            flags: { json: jsonFlag },
            positional: {
              kind: 'tuple',
              parameters: [{ brief: 'Profile name', parse: String, placeholder: 'name' }],
            },
          },
          docs: { brief: 'Show one provider' },
        }),
      },
      docs: { brief: 'Providers' },
    }),
    machine: buildRouteMap({
      routes: {
        list: buildCommand<JsonFlags, [], Context>({
          loader: async () => (await import('./commands/machine.ts')).list,
          parameters: { flags: { json: jsonFlag } },
          docs: { brief: 'List the machines: state, and the space they take alone and with others' },
        }),
        fork: buildCommand<JsonFlags, [string, string], Context>({
          loader: async () => (await import('./commands/machine.ts')).fork,
          parameters: {
            flags: { json: jsonFlag },
            positional: {
              kind: 'tuple',
              parameters: [
                { brief: 'The machine to fork', parse: machineName, placeholder: 'source' },
                { brief: 'What the new one is called', parse: machineName, placeholder: 'new' },
              ],
            },
          },
          docs: {
            brief: 'Make a second machine of one: disk and memory as they are, from then on apart',
            fullDescription:
              'Nothing is copied: both share what is there and each writes its own from then on. A running machine is suspended for it and goes on with the next command; one with running sessions is refused.',
          },
        }),
        rm: buildCommand<SureFlags, [string], Context>({
          loader: async () => (await import('./commands/machine.ts')).remove,
          parameters: { flags: { json: jsonFlag, yes: yesFlag }, positional: oneMachine },
          docs: {
            brief: 'Remove a machine with its disk and memory',
            fullDescription:
              'Asks on a terminal; elsewhere it needs --yes. Forks of the machine stay whole. A machine with running sessions is refused: pcoder stop ends them and brings their results back.',
          },
        }),
        reset: buildCommand<SureFlags, [string], Context>({
          loader: async () => (await import('./commands/machine.ts')).reset,
          parameters: { flags: { json: jsonFlag, yes: yesFlag }, positional: oneMachine },
          docs: {
            brief: 'Drop the disk and memory of a machine: its next start begins anew',
            fullDescription:
              "Its name and ssh keys stay, and so do the project's files on this host. Asks on a terminal; elsewhere it needs --yes. A machine with running sessions is refused.",
          },
        }),
      },
      docs: { brief: 'Machines: list, fork, remove, reset' },
    }),
    image: buildRouteMap({
      routes: {
        build: buildCommand<ImageFlags, [], Context>({
          loader: async () => (await import('./commands/image.ts')).build,
          parameters: {
            flags: {
              json: jsonFlag,
              golden: {
                kind: 'enum',
                values: ['with', 'without', 'only'],
                brief:
                  'Snapshots beside it that emulated machines start from, 0.1 GB; only: for the image that is here',
                default: 'with',
              },
              suite: {
                kind: 'parsed',
                parse: String,
                brief: 'Which suite of the recipe',
                optional: true,
                placeholder: 'suite',
              },
            },
          },
          docs: { brief: 'Build the guest image anew' },
        }),
        verify: buildCommand<JsonFlags, [], Context>({
          loader: async () => (await import('./commands/image.ts')).verify,
          parameters: { flags: { json: jsonFlag } },
          docs: { brief: 'Check every byte of every image' },
        }),
        list: buildCommand<JsonFlags, [], Context>({
          loader: async () => (await import('./commands/image.ts')).list,
          parameters: { flags: { json: jsonFlag } },
          docs: { brief: 'List the images' },
        }),
      },
      docs: { brief: 'Guest images' },
    }),
  },
  docs: { brief: 'Run coding agents in a real Linux VM, from one folder' },
});

export const application = buildApplication<Context>(routes, {
  name: 'pcoder',
  versionInfo: { currentVersion: VERSION },
  scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
  documentation: { disableAnsiColor: true },
  determineExitCode: (error) => (error instanceof Fault ? error.exitCode : EXIT.usage),
  localization: {
    text: {
      ...text_en,
      noCommandRegisteredForInput: ({ input, corrections }) =>
        `error: there is no command ${visible(input)}\nhint: ${corrections.length > 0 ? `did you mean ${corrections.join(' or ')}? ` : ''}pcoder --help`,
      exceptionWhileParsingArguments: (error) =>
        `error: ${visibleLines(error instanceof Error ? error.message : String(error))}\nhint: ${parserHint(error) ?? 'pcoder --help'}`,
      exceptionWhileLoadingCommandFunction: (error) => renderFault(error),
      exceptionWhileRunningCommand: (error) => renderFault(error),
    },
  },
});

/** The framework wraps what a flag's parser throws. */
function parserHint(error: unknown): string | undefined {
  const thrown = error instanceof Error && 'exception' in error ? error.exception : undefined;
  return thrown instanceof Fault ? thrown.hint : undefined;
}

type JsonFlags = import('./command.ts').JsonFlag;
type SessionFlags = import('./session-flags.ts').SessionFlags;
type RunFlags = SessionFlags & { readonly profile?: string };
type ExecFlags = SessionFlags & { readonly tty: boolean };
type StartFlags = JsonFlags & { readonly idle?: number };
type StopFlags = JsonFlags & { readonly shutdown: boolean };
type LogFlags = JsonFlags & { readonly lines: number };
type SshFlags = JsonFlags & { readonly config: boolean; readonly machine: string };
type UndoFlags = JsonFlags & {
  readonly project?: string;
  readonly path: readonly string[];
  readonly list: boolean;
};
type SmokeFlags = JsonFlags & { readonly machine: string };
type SetupFlags = JsonFlags & {
  readonly init: boolean;
  readonly tool?: string;
  readonly mode?: string;
  readonly auth: readonly string[];
};
type ReviewFlags = import('./review-flags.ts').ReviewFlags;
type DecideFlags = ReviewFlags & { readonly unseen: boolean };
type SureFlags = JsonFlags & { readonly yes: boolean };
type ImageFlags = JsonFlags & { readonly suite?: string; readonly golden: 'with' | 'without' | 'only' };
