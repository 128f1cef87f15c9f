import { machineNames } from '../../bundle/folder.ts';
import { logTail } from '../../platform/log-tail.ts';
import { command, printJson } from '../command.ts';
import type { Context } from '../context.ts';

interface LogFlags {
  readonly json: boolean;
  readonly lines: number;
}

export default command(async (context: Context, flags: LogFlags, machine: string | undefined) => {
  const names = machineNames(context.folder, machine ?? 'default');
  const logs = { supervisor: names.supervisorLog, qemu: names.qemuLog, console: names.consoleLog };
  const bytes = 1024 * 1024;
  const found = await Promise.all(
    Object.entries(logs).map(async ([name, path]) => ({
      name,
      path,
      text: await logTail(path, flags.lines, bytes),
    })),
  );
  if (flags.json) printJson(context, found);
  else
    for (const { name, path, text } of found)
      context.stdout.write(`== ${name} (${path})\n${text}${text === '' ? '' : '\n'}`);
  return undefined;
});
