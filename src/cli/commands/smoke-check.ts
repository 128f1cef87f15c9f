import { EXIT } from '../../fault/codes.ts';
import { showChecks } from '../check-lines.ts';
import { ASSET_CHECKS } from '../checks/asset-checks.ts';
import { runChecks } from '../checks/check.ts';
import { HOST_CHECKS } from '../checks/host-checks.ts';
import { smokeChecks } from '../checks/smoke-checks.ts';
import { command, type JsonFlag } from '../command.ts';
import type { Context } from '../context.ts';
import { withSupervisor } from '../with-assets.ts';

export default command(async (context: Context, flags: JsonFlag & { readonly machine: string }) => {
  const before = await runChecks([...HOST_CHECKS, ...ASSET_CHECKS], context);
  const live = await withSupervisor(context, { machine: flags.machine, tool: undefined }, (connection) =>
    runChecks(smokeChecks(connection), context),
  );
  const code = showChecks(context, [...before, ...live], flags.json);
  return live.some(({ finding }) => finding.result === 'failed') ? EXIT.guestUnreachable : code;
});
