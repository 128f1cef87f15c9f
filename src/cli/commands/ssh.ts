import { readFile } from 'node:fs/promises';
import { call } from '../../channel/methods.ts';
import { SSH_ACCESS, SshAccess } from '../../supervisor/protocol.ts';
import { command, printJson, say } from '../command.ts';
import type { Context } from '../context.ts';
import { interruptible, withSupervisor } from '../with-assets.ts';
import { bringUp } from './start.ts';

interface SshFlags {
  readonly json: boolean;
  readonly config: boolean;
  readonly machine: string;
}

export default command(async (context: Context, flags: SshFlags, ...args: string[]) => {
  const access = await withSupervisor(
    context,
    { machine: flags.machine, tool: undefined },
    async (connection) => {
      await interruptible(context, (progress, signal) => bringUp(connection, progress, signal));
      return call(connection, SSH_ACCESS, {}, SshAccess);
    },
  );
  if (flags.json) printJson(context, access);
  else if (flags.config) {
    context.stdout.write(await readFile(access.config, 'utf8'));
    say(context, `for an editor: ssh -F ${JSON.stringify(access.config)} ${access.host}`);
  } else
    return (await import('../native.ts')).runNative(
      context,
      context.cwd,
      ['ssh', '-F', access.config, access.host, ...args],
      {},
    );
  return undefined;
});
