import { showChecks } from '../check-lines.ts';
import { ASSET_CHECKS } from '../checks/asset-checks.ts';
import { runChecks } from '../checks/check.ts';
import { HOST_CHECKS } from '../checks/host-checks.ts';
import { command, type JsonFlag } from '../command.ts';
import type { Context } from '../context.ts';

export default command(async (context: Context, flags: JsonFlag) =>
  showChecks(context, await runChecks([...HOST_CHECKS, ...ASSET_CHECKS], context), flags.json),
);
