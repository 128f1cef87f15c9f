import * as z from 'zod/mini';
import { visible } from '../fault/visible.ts';

/** Why a message does not fit, in one short line: names of fields are the peer's to choose. */
export function misfit(error: z.core.$ZodError): string {
  return visible(z.prettifyError(error).slice(0, 1000).replaceAll('\n', ' '), 300);
}
