import * as z from 'zod/mini';
import { misfit } from '../../channel/misfit.ts';
import { Fault } from '../../fault/fault.ts';
import type { ByteReader } from './byte-reader.ts';

/**
 * A record: u32 little-endian length, then so many bytes of JSON; length 0 ends a stream.
 * The longest are batches of entries.
 */
const RECORD_BYTES = 256 * 1024;

export function encodeRecord(value: unknown): Buffer {
  const text = JSON.stringify(value);
  const length = Buffer.byteLength(text);
  if (length > RECORD_BYTES) throw new Error(`a record of ${length} bytes`);
  const record = Buffer.allocUnsafe(4 + length);
  record.writeUInt32LE(length);
  record.write(text, 4);
  return record;
}

export const END_RECORD: Uint8Array = new Uint8Array(4);

/**
 * @returns the next record, undefined at the end
 * @throws Fault `protocol-violation` when it does not fit the schema
 */
export async function readRecord<T>(reader: ByteReader, schema: z.core.$ZodType<T>): Promise<T | undefined> {
  const head = await reader.exactly(4);
  const length = new DataView(head.buffer, head.byteOffset, 4).getUint32(0, true);
  if (length === 0) return undefined;
  if (length > RECORD_BYTES)
    throw new Fault('protocol-violation', `a record of ${length} bytes in a stream of project files`);
  const result = z.safeParse(schema, parse(await reader.exactly(length)));
  if (result.success) return result.data;
  throw new Fault('protocol-violation', `a record of project files does not fit: ${misfit(result.error)}`);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(strictUtf8.decode(bytes));
  } catch (error) {
    throw new Fault('protocol-violation', 'a record of project files is not JSON', { cause: error });
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
