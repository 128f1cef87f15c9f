import { MACHINE_NAME } from '../bundle/folder.ts';
import { parseIdle } from '../bundle/idle-limit.ts';
import { EXIT } from '../fault/codes.ts';
import { Fault } from '../fault/fault.ts';
import { faultRecord, renderFault } from '../fault/render.ts';
import type { Context } from './context.ts';

/** What a command's body returns: its exit code; nothing means 0. */
export type Outcome = number | undefined;

export interface JsonFlag {
  readonly json: boolean;
}

/** The flag every command has. */
export const jsonFlag = {
  kind: 'boolean',
  brief: 'Print the result as JSON on stdout',
  default: false,
} as const;

/** The flag of every command about one machine. */
export const machineFlag = {
  kind: 'parsed',
  parse: machineName,
  brief: 'Which machine',
  default: 'default',
  placeholder: 'name',
} as const;

/** The flag of every command that starts a machine. */
export const idleFlag = {
  kind: 'parsed',
  parse: parseIdle,
  brief: 'Suspend the machine when nobody has used it for so long: 15m, 2h, never',
  optional: true,
  placeholder: 'time',
} as const;

/** @throws Fault `usage` */
export function machineName(text: string): string {
  if (MACHINE_NAME.test(text)) return text;
  throw new Fault('usage', `${text} is no machine name`, { hint: 'up to 32 of a-z, 0-9 and -' });
}

/** @throws Fault `usage` */
export function lineCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new Fault('usage', `${text} is no number of lines`, { hint: 'a whole number, 0 or more' });
}

/** Makes a body into a command function: its errors are shown in one place and become its exit code. */
export function command<F extends JsonFlag, A extends readonly unknown[]>(
  body: (context: Context, flags: F, ...args: A) => Promise<Outcome>,
) {
  return async function (this: Context, flags: F, ...args: A): Promise<void> {
    try {
      this.setExitCode((await body(this, flags, ...args)) ?? EXIT.ok);
    } catch (error) {
      showFault(this, error, flags.json);
    }
  };
}

export function showFault(context: Context, error: unknown, json: boolean): void {
  if (json) printJson(context, { error: faultRecord(error) });
  else context.stderr.write(renderFault(error, programName(context.env)));
  if (context.env['PCODER_DEBUG'] !== undefined && error instanceof Error)
    context.stderr.write(`${error.stack}\n`);
  context.setExitCode(error instanceof Fault ? error.exitCode : EXIT.ourBug);
}

/** What the user typed to start us, as the launcher says. */
export function programName(env: NodeJS.ProcessEnv): string {
  const name = env['PCODER_NAME'] ?? 'pcoder';
  return /^[\w./-]{1,200}$/.test(name) ? name : JSON.stringify(name);
}

export function printJson(context: Context, value: unknown): void {
  context.stdout.write(`${JSON.stringify(value)}\n`);
}

/** One line for people, on stderr: stdout belongs to results. */
export function say(context: Context, text: string): void {
  context.stderr.write(`pcoder: ${text}\n`);
}
