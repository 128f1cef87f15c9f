import { Fault } from '../../fault/fault.ts';
import { attachSession, decided } from '../attach.ts';
import { command } from '../command.ts';
import type { Context } from '../context.ts';
import { modeFor } from '../mode.ts';
import { requestBase, requireTerminal, type SessionFlags } from '../session-flags.ts';
import { withSupervisor } from '../with-assets.ts';

interface ExecFlags extends SessionFlags {
  readonly tty: boolean;
}

export default command(async (context: Context, flags: ExecFlags, ...argv: string[]) => {
  if (argv.length === 0)
    throw new Fault('usage', 'exec needs a command', { hint: 'pcoder exec -- uname -a' });
  if ((await modeFor(context, flags)) === 'host-native')
    return (await import('../native.ts')).runNative(context, requestBase(context, flags).project, argv, {});
  const terminal = flags.tty ? requireTerminal(context) : {};
  const request = { ...requestBase(context, flags), ...terminal, work: { kind: 'command' as const, argv } };
  const result = await withSupervisor(context, { machine: flags.machine, tool: undefined }, (connection) =>
    attachSession(context, connection, request),
  );
  return await decided(context, flags, request, result);
});
