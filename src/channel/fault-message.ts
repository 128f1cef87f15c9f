import * as z from 'zod/mini';
import { FAULTS, type FaultCode } from '../fault/codes.ts';
import { Fault } from '../fault/fault.ts';
import { faultRecord } from '../fault/render.ts';

/** Characters of each text of a fault; with eight causes it still fits into one frame. */
const LONGEST = 4096;
const text = z.string().check(z.maxLength(LONGEST));

const FaultMessage = z.object({
  code: z.string().check(z.maxLength(64)),
  message: text,
  causes: z.array(text).check(z.maxLength(8)),
  hint: z.optional(text),
});

/** A fault as it travels in a reset frame; what is too long is cut. */
export function encodeFault(error: Fault): Uint8Array {
  const { code, message, causes, hint } = faultRecord(error);
  return Buffer.from(
    JSON.stringify({
      code,
      message: cut(message),
      causes: causes.map(cut),
      ...(hint === undefined ? {} : { hint: cut(hint) }),
    }),
  );
}

export function decodeFault(payload: Uint8Array): Fault {
  const parsed = z.safeParse(FaultMessage, parseOrUndefined(payload));
  if (!parsed.success)
    return new Fault('protocol-violation', 'the peer cut a stream without a readable reason');
  const { code, message, causes, hint } = parsed.data;
  return new Fault(isFaultCode(code) ? code : 'internal', message, { hint, cause: causeChain(causes) });
}

function cut(long: string): string {
  return long.slice(0, LONGEST);
}

function parseOrUndefined(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString());
  } catch {
    return undefined;
  }
}

function causeChain(causes: string[]): Error | undefined {
  return causes.reduceRight<Error | undefined>(
    (inner, message) => new Error(message, inner === undefined ? {} : { cause: inner }),
    undefined,
  );
}

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(FAULTS, code);
}
