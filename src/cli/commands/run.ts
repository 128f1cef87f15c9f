import { authFolder } from '../../bundle/folder.ts';
import { readSettings } from '../../bundle/settings.ts';
import { Fault } from '../../fault/fault.ts';
import type { ToolAdapter } from '../../tools/adapter.ts';
import { findCredentials } from '../../tools/credentials.ts';
import type { Profile } from '../../tools/profile.ts';
import { loadProfile } from '../../tools/profiles.ts';
import { findTool } from '../../tools/registry.ts';
import { attachSession, decided } from '../attach.ts';
import { command, printJson, say } from '../command.ts';
import type { Context } from '../context.ts';
import { prepareDemo } from '../demo.ts';
import { modeFor } from '../mode.ts';
import { requestBase, type SessionFlags, terminalOf } from '../session-flags.ts';
import { withSupervisor } from '../with-assets.ts';

interface RunFlags extends SessionFlags {
  readonly profile?: string;
}

export default command(async (context: Context, flags: RunFlags, ...words: string[]) => {
  const [name, ...args] = words;
  const chosen = name ?? (await readSettings(context.folder)).defaultTool;
  if (chosen === undefined)
    throw new Fault('usage', 'run needs a tool', {
      hint: 'pcoder run claude, or choose a default with pcoder setup --init',
    });
  const tool = findTool(chosen);
  const mode = await modeFor(context, flags);
  const profile = await loadProfile(context.folder, flags.profile ?? tool.defaultProfile);
  if (mode === 'host-native') return runOnHost(context, flags, tool, profile, args);
  const credential = findCredentials(tool, profile, context.env);
  const base = requestBase(context, flags);
  const isDemo = profile.scripted && flags.project === undefined;
  const project = isDemo ? await prepareDemo(context) : base.project;
  if (profile.scripted)
    say(
      context,
      `profile ${profile.name}: the model is a small script on this machine, not a real one; no key, no account, no network`,
    );
  const request = {
    ...base,
    project,
    // The sample project is no repository, but may well lie in one: this folder's own.
    ...(isDemo ? { gitCommits: 'none' as const } : {}),
    ...terminalOf(context),
    work: {
      kind: 'tool' as const,
      tool: tool.name,
      profile: profile.name,
      args,
      ...(credential === undefined ? {} : { credential }),
    },
  };
  const result = await withSupervisor(context, { machine: flags.machine, tool: tool.name }, (connection) =>
    attachSession(context, connection, request),
  );
  const code = await decided(context, flags, request, result);
  if (flags.json)
    printJson(context, {
      tool: tool.name,
      project,
      session: result.session,
      code,
      exchange: result.report,
    });
  return code;
});

/** The host's own program with the host's own sign-in, unless another profile was asked for. */
async function runOnHost(
  context: Context,
  flags: RunFlags,
  tool: ToolAdapter,
  profile: Profile,
  args: string[],
): Promise<number> {
  if (profile.scripted)
    throw new Fault('mode-unavailable', 'the scripted model is served to the VM only', {
      hint: 'leave --mode host-native away',
    });
  const { project } = requestBase(context, flags);
  const own = profile.name === tool.defaultProfile;
  const credential = own ? undefined : findCredentials(tool, profile, context.env);
  const isolated = (await readSettings(context.folder)).auth?.[tool.name] !== undefined;
  const launch = tool.launch({
    place: 'host',
    profile,
    keyName: credential?.name,
    args,
    interactive: context.stdin.isTTY === true,
    emulated: false,
    cwd: project,
    configFolder: isolated ? authFolder(context.folder, tool.name) : undefined,
  });
  say(context, `host-native: ${tool.name} runs on this host itself, with all your rights and no isolation`);
  const secrets = Object.keys(launch.secrets).map((variable) => [variable, credential?.value ?? '']);
  return (await import('../native.ts')).runNative(context, project, launch.argv, {
    ...launch.env,
    ...Object.fromEntries(secrets),
  });
}
