import * as z from 'zod/mini';
import { FAULTS, type FaultCode } from '../fault/codes.ts';
import { Fault } from '../fault/fault.ts';
import { faultRecord } from '../fault/render.ts';

const FaultMessage = z.object({
  code: z.string().check(z.maxLength(64)),
  message: z.string().check(z.maxLength(8192)),
  causes: z.array(z.string().check(z.maxLength(8192))).check(z.maxLength(8)),
  hint: z.optional(z.string().check(z.maxLength(8192))),
});

/** A fault as it travels in a reset frame. */
export function encodeFault(error: Fault): Uint8Array {
  return Buffer.from(JSON.stringify(faultRecord(error)));
}

export function decodeFault(payload: Uint8Array): Fault {
  const parsed = z.safeParse(FaultMessage, parseOrUndefined(payload));
  if (!parsed.success) return new Fault('protocol-violation', 'the peer cut a stream without a readable reason');
  const { code, message, causes, hint } = parsed.data;
  return new Fault(isFaultCode(code) ? code : 'internal', message, { hint, cause: causeChain(causes) });
}

function parseOrUndefined(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString());
  } catch {
    return undefined;
  }
}

function causeChain(causes: string[]): Error | undefined {
  return causes.reduceRight<Error | undefined>((inner, message) => new Error(message, inner === undefined ? {} : { cause: inner }), undefined);
}

function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(FAULTS, code);
}
