import { attachSession } from '../attach.ts';
import { command, printJson } from '../command.ts';
import type { Context } from '../context.ts';
import { requestBase, requireTerminal, type SessionFlags } from '../session-flags.ts';
import { withSupervisor } from '../with-assets.ts';

export default command(async (context: Context, flags: SessionFlags, machine: string | undefined) => {
  const request = {
    ...requestBase(context, flags),
    ...requireTerminal(context),
    work: { kind: 'shell' as const },
  };
  const result = await withSupervisor(
    context,
    { machine: machine ?? flags.machine, tool: undefined },
    (connection) => attachSession(context, connection, request),
  );
  if (flags.json) printJson(context, { session: result.session, code: result.code });
  return result.code;
});
