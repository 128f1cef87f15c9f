import { FAULTS, type FaultCode } from './codes.ts';

export interface FaultOptions {
  /** the command or action that mends it; a sentence or a command line */
  hint?: string | undefined;
  cause?: unknown;
}

/** An error a person can meet: what went wrong, why (`cause`), and what mends it (`hint`). Bugs stay plain `Error`s. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly hint: string | undefined;

  constructor(code: FaultCode, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }

  get exitCode(): number {
    return FAULTS[this.code];
  }
}

export function isFault(error: unknown, code?: FaultCode): error is Fault {
  return error instanceof Fault && (code === undefined || error.code === code);
}

/** Node's own error code (`ENOENT`, …) of anything thrown, if it has one. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
