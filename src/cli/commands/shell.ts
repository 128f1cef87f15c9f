import { attachSession, decided } from '../attach.ts';
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
  const name = machine ?? flags.machine;
  const result = await withSupervisor(context, { machine: name, tool: undefined }, (connection) =>
    attachSession(context, connection, request),
  );
  const code = await decided(context, { ...flags, machine: name }, request, result);
  if (flags.json) printJson(context, { session: result.session, code });
  return code;
});
