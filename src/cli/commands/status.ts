import { stateNames } from '../../bundle/folder.ts';
import { summarizeMachine } from '../../machine/qemu/listing.ts';
import { lastVerdict } from '../../machine/qemu/verdict.ts';
import { command, type JsonFlag, printJson } from '../command.ts';
import type { Context } from '../context.ts';
import { existingSupervisor } from '../existing-supervisor.ts';
import { spaceText } from '../machine-lines.ts';
import { askStatus, describe } from '../status-lines.ts';

export default command(async (context: Context, flags: JsonFlag, machine: string | undefined) => {
  const name = machine ?? 'default';
  const connection = await existingSupervisor(context, name);
  const verdict = await lastVerdict(stateNames(context.folder).accelerator);
  if (connection === undefined) {
    const { state, memory } = await summarizeMachine(context.folder, name);
    if (flags.json)
      printJson(context, {
        machine: name,
        state,
        ...(state === 'suspended' ? { memory } : {}),
        ...(verdict === undefined ? {} : { accelerator: verdict }),
      });
    else
      context.stdout.write(
        `machine ${name}: ${state}${state === 'suspended' ? ` (memory: ${spaceText(memory)})` : ''}\n${verdict === undefined ? '' : `  accelerator  ${verdict.accelerator} next time (${verdict.reason})\n`}`,
      );
    return undefined;
  }
  const status = await askStatus(connection).finally(() => connection.close());
  if (flags.json)
    printJson(context, { ...status, ...(verdict === undefined ? {} : { accelerator: verdict }) });
  else context.stdout.write(describe(status));
  return undefined;
});
