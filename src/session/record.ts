import { mkdir } from 'node:fs/promises';
import * as z from 'zod/mini';
import { type Folder, sessionNames } from '../bundle/folder.ts';
import { writeJson } from '../platform/json-file.ts';

/** `session.json`: what a session was and how far it came. A state other than `finished` or `failed` after its supervisor is gone was cut off. */
export const SessionRecord = z.object({
  id: z.string(),
  machine: z.string(),
  project: z.string(),
  /** tool name, or the command's program; arguments may hold anything and are not kept */
  work: z.string(),
  started: z.string(),
  state: z.enum(['starting', 'running', 'returning', 'finished', 'failed']),
  ended: z.optional(z.string()),
  code: z.optional(z.nullable(z.int())),
  signal: z.optional(z.nullable(z.string())),
  error: z.optional(z.string()),
  exchange: z.optional(z.unknown()),
});
export type SessionRecord = z.infer<typeof SessionRecord>;

export async function writeSession(folder: Folder, record: SessionRecord): Promise<void> {
  const names = sessionNames(folder, record.id);
  await mkdir(names.home, { recursive: true, mode: 0o700 });
  await writeJson(names.record, record, { mode: 0o600 });
}
