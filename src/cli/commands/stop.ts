import { call } from '../../channel/methods.ts';
import { STOP, StopReply } from '../../supervisor/protocol.ts';
import { command, type JsonFlag, printJson, say } from '../command.ts';
import type { Context } from '../context.ts';
import { existingSupervisor } from '../existing-supervisor.ts';
import { interruptible } from '../with-assets.ts';

/** Milliseconds all steps of a stop may take together. */
const STOP_WITHIN = 120_000;

export type StopFlags = JsonFlag & { readonly shutdown: boolean };

export default command(async (context: Context, flags: StopFlags, machine: string | undefined) => {
  const name = machine ?? 'default';
  const connection = await existingSupervisor(context, name);
  if (connection === undefined) {
    if (flags.json) printJson(context, { machine: name, manner: 'not running' });
    else say(context, `machine ${name} does not run`);
    return undefined;
  }
  const { manner } = await interruptible(context, async (progress) => {
    progress({ type: 'step', step: `stopping machine ${name}` });
    return call(connection, STOP, { goal: flags.shutdown ? 'shutdown' : 'suspend' }, StopReply, {
      timeout: STOP_WITHIN,
    });
  }).finally(() => connection.close());
  if (flags.json) printJson(context, { machine: name, manner });
  else
    say(
      context,
      manner === 'not running'
        ? `machine ${name} does not run`
        : manner === 'suspended'
          ? `machine ${name} suspended`
          : `machine ${name} stopped (${manner})`,
    );
  return undefined;
});
