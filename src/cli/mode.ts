import { type Mode, readSettings } from '../bundle/settings.ts';
import { say } from './command.ts';
import type { Context } from './context.ts';

export interface ModeChoice {
  mode: Mode;
  /** said to the user when the mode is not the one that was asked for */
  note: string | undefined;
}

/**
 * Which mode a command uses. The flag decides, then the setting, then `linux-portable`. A mode this version cannot run falls back to
 * `linux-portable`, never to `host-native`: less isolation is only ever chosen by a person.
 */
export function chooseMode(flag: Mode | undefined, setting: Mode | undefined): ModeChoice {
  const wanted = flag ?? setting ?? 'linux-portable';
  if (wanted !== 'linux-wsl') return { mode: wanted, note: undefined };
  return {
    mode: 'linux-portable',
    note: 'linux-wsl is not available on this host; using linux-portable instead',
  };
}

/** The mode of one command, its fallback said aloud. */
export async function modeFor(context: Context, flags: { mode?: Mode }): Promise<Mode> {
  // The settings file is only needed where no flag decides.
  const setting = flags.mode === undefined ? (await readSettings(context.folder)).defaultMode : undefined;
  const { mode, note } = chooseMode(flags.mode, setting);
  if (note !== undefined) say(context, note);
  return mode;
}
