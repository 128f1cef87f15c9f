import { listProfiles, loadProfile } from '../../tools/profiles.ts';
import { command, type JsonFlag, printJson } from '../command.ts';
import type { Context } from '../context.ts';

export const list = command(async (context: Context, flags: JsonFlag) => {
  const profiles = await Promise.all(
    (await listProfiles(context.folder)).map((name) => loadProfile(context.folder, name)),
  );
  if (flags.json) printJson(context, profiles);
  else
    for (const { name, description } of profiles) context.stdout.write(`${name.padEnd(14)} ${description}\n`);
  return undefined;
});

export const show = command(async (context: Context, flags: JsonFlag, name: string) => {
  const profile = await loadProfile(context.folder, name);
  if (flags.json) printJson(context, profile);
  else context.stdout.write(`${JSON.stringify(profile, null, 2)}\n`);
  return undefined;
});
