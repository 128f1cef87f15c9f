import * as z from 'zod/mini';
import { Fault } from '../../fault/fault.ts';
import { ByteReader } from './byte-reader.ts';
import type { Limits } from './entry.ts';
import type { RulesData } from './ignore-rules.ts';
import { END_RECORD, encodeRecord, readRecord } from './record.ts';

const path = z.string().check(z.maxLength(4096));

const recordSchema = z.union([
  z.strictObject({ fold: z.boolean() }),
  z.strictObject({
    file: z.strictObject({
      folder: path,
      above: path,
      kind: z.enum(['git', 'own']),
      text: z.string().check(z.maxLength(65_536)),
    }),
  }),
  z.strictObject({ skip: path }),
  z.strictObject({ kept: z.array(path) }),
]);

/** The rules of a pass on their way to the guest. */
export function* writeRules({ fold, files, skip, kept }: RulesData): Generator<Uint8Array> {
  yield encodeRecord({ fold });
  for (const file of files) yield encodeRecord({ file });
  for (const path of skip) yield encodeRecord({ skip: path });
  for (let at = 0; at < kept.length; at += KEPT) yield encodeRecord({ kept: kept.slice(at, at + KEPT) });
  yield END_RECORD;
}

/** Paths of 4 KiB must still fit a record, however they are escaped. */
const KEPT = 10;

/** @throws Fault `protocol-violation` */
export async function readRules(source: AsyncIterable<Uint8Array>, limits: Limits): Promise<RulesData> {
  const reader = new ByteReader(source);
  const rules: RulesData = { fold: false, files: [], skip: [], kept: [] };
  for (;;) {
    const record = await readRecord(reader, recordSchema);
    if (record === undefined) break;
    if ('fold' in record) rules.fold = record.fold;
    else if ('file' in record) rules.files.push(record.file);
    else if ('skip' in record) rules.skip.push(record.skip);
    else rules.kept.push(...record.kept);
    if (rules.files.length + rules.skip.length + rules.kept.length > limits.entries)
      throw new Fault('protocol-violation', 'more rules than files can exist');
  }
  await reader.end();
  return rules;
}
