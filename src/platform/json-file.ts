import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { Fault, systemCode } from '../fault/fault.ts';
import { type WholeFileOptions, writeWhole } from './whole-file.ts';

/**
 * Reads a JSON file through its schema; undefined when there is none.
 * @throws Fault `config-invalid` when it is not JSON or does not fit
 */
export async function readJson<T>(path: string, schema: z.core.$ZodType<T>): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
  return parseJson(text, schema, path);
}

/** @throws Fault `config-invalid`, naming `origin` and each field that does not fit */
export function parseJson<T>(text: string, schema: z.core.$ZodType<T>, origin: string): T {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new Fault('config-invalid', `${origin} is not valid JSON`, {
      cause: error,
      hint: `mend or remove ${origin}`,
    });
  }
  const result = z.safeParse(schema, data);
  if (result.success) return result.data;
  throw new Fault(
    'config-invalid',
    `${origin} does not fit its schema: ${z.prettifyError(result.error).replaceAll('\n', ' ')}`,
    {
      hint: `mend or remove ${origin}`,
    },
  );
}

export async function writeJson(path: string, value: unknown, options: WholeFileOptions = {}): Promise<void> {
  await writeWhole(path, `${JSON.stringify(value, null, 2)}\n`, options);
}
