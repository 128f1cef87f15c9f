import type { Context } from '../context.ts';

export type Finding =
  | { result: 'ok'; detail: string }
  /** works, but a person should know */
  | { result: 'warning'; detail: string; remedy: string }
  | { result: 'failed'; detail: string; remedy: string };

/** One thing that must be right, as data: what it is, how to find out, what mends it. */
export interface Check {
  id: string;
  title: string;
  run(context: Context): Promise<Finding>;
}

export interface CheckResult {
  id: string;
  title: string;
  finding: Finding;
}

export async function runChecks(checks: readonly Check[], context: Context): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { id, title, run } of checks) results.push({ id, title, finding: await run(context) });
  return results;
}
