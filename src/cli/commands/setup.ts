import * as z from 'zod/mini';
import { stateNames } from '../../bundle/folder.ts';
import { MODES, readSettings, Settings, writeSettings } from '../../bundle/settings.ts';
import { Fault } from '../../fault/fault.ts';
import { findTool, TOOLS } from '../../tools/registry.ts';
import { command, type JsonFlag, printJson, say } from '../command.ts';
import type { Context } from '../context.ts';
import { fetchMissing } from '../with-assets.ts';

interface SetupFlags extends JsonFlag {
  readonly init: boolean;
  readonly tool?: string;
  readonly mode?: string;
  readonly auth: readonly string[];
}

export default command(async (context: Context, flags: SetupFlags) => {
  const settings = flags.init ? await initialise(context, flags) : await readSettings(context.folder);
  if (!flags.init) {
    await fetchMissing(context, { tool: settings.defaultTool });
    say(context, 'everything a run needs is here');
  }
  if (flags.json) printJson(context, settings);
  return undefined;
});

/** Chooses the defaults, by flags, or by asking on a terminal, and keeps what else the file holds. */
async function initialise(context: Context, flags: SetupFlags): Promise<Settings> {
  const before = await readSettings(context.folder);
  const given = fromFlags(flags);
  const asks =
    context.stdin.isTTY === true && context.stdout.isTTY === true && given === undefined && !flags.json;
  const chosen = asks ? await ask(before) : (given ?? {});
  const settings = {
    defaultTool: 'claude',
    defaultMode: 'linux-portable' as const,
    ...before,
    ...chosen,
    auth: { ...before.auth, ...chosen.auth },
  };
  await writeSettings(context.folder, settings);
  say(context, `wrote ${stateNames(context.folder).settings}`);
  return settings;
}

function fromFlags(flags: SetupFlags): Settings | undefined {
  if (flags.tool === undefined && flags.mode === undefined && flags.auth.length === 0) return undefined;
  const auth = Object.fromEntries(flags.auth.map((text) => text.split('=', 2)));
  for (const tool of [flags.tool, ...Object.keys(auth)]) if (tool !== undefined) findTool(tool);
  const parsed = z.safeParse(Settings, {
    ...(flags.tool === undefined ? {} : { defaultTool: flags.tool }),
    ...(flags.mode === undefined ? {} : { defaultMode: flags.mode }),
    auth,
  });
  if (parsed.success) return parsed.data;
  throw new Fault('usage', 'a setup flag does not fit', {
    hint: `--tool ${TOOLS.map(({ name }) => name).join('|')} --mode ${MODES.join('|')} --auth TOOL=api-key|oauth`,
  });
}

async function ask(before: Settings): Promise<Settings> {
  const { isCancel, select } = await import('@clack/prompts');
  const choose = async <T extends string>(message: string, values: readonly T[], initial: T): Promise<T> => {
    const answer = await select<string>({
      message,
      options: values.map((value) => ({ value, label: value })),
      initialValue: initial,
    });
    if (isCancel(answer)) throw new Fault('interrupted', 'nothing was written');
    return values.find((value) => value === answer) ?? initial;
  };
  const names = TOOLS.map(({ name }) => name);
  const defaultTool = await choose('Default tool', names, before.defaultTool ?? 'claude');
  const defaultMode = await choose('Default mode', MODES, before.defaultMode ?? 'linux-portable');
  const auth: NonNullable<Settings['auth']> = {};
  for (const name of names)
    auth[name] = await choose(
      `How does ${name} sign in?`,
      ['api-key', 'oauth'],
      before.auth?.[name] ?? 'api-key',
    );
  return { defaultTool, defaultMode, auth };
}
