import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { systemCode } from '../../fault/fault.ts';
import { entrySchema } from '../shared/entry.ts';

const number = z.int().check(z.minimum(1));

const changeSchema = z.object({
  op: z.literal('change'),
  n: number,
  /** what was at the path; without it nothing */
  was: z.optional(entrySchema),
  /** what is there once it is done; without it nothing */
  now: z.optional(entrySchema),
  /** permission bits of what was there */
  mode: z.optional(z.int().check(z.minimum(0), z.maximum(0o7777))),
});

/** One line of `journal.jsonl`. */
export const lineSchema = z.discriminatedUnion('op', [
  /** an apply begins; the first of these names the project */
  z.object({
    op: z.literal('open'),
    format: z.literal(1),
    /** its folder on the host */
    project: z.string(),
    at: z.iso.datetime(),
    /** the session that this one undoes */
    undoes: z.optional(z.string()),
    /** and only some of its paths */
    isPart: z.optional(z.boolean()),
  }),
  /** flushed before the change is made */
  changeSchema,
  /** that change was not made */
  z.object({ op: z.literal('not'), n: number }),
  /** every change up to this number was made, but for those that were not */
  z.object({ op: z.literal('done'), n: number }),
  /** the apply has ended in order */
  z.object({ op: z.literal('close') }),
]);
export type Line = z.infer<typeof lineSchema>;
export type KeptChange = z.infer<typeof changeSchema>;

/** What a session has done to a project's folder on the host. */
export interface Journal {
  project: string;
  /** when it last began to change something */
  at: string;
  undoes: string | undefined;
  /** and only some of its paths */
  isPart: boolean;
  /** in the order they were made; without those that are known not to be */
  changes: KeptChange[];
  /** those of which nobody has noted whether they were made */
  pending: KeptChange[];
  /** the highest number given to a change */
  last: number;
  /** whether its last apply ended in order */
  isClosed: boolean;
  /** bytes of whole lines; what a crash has left of a line comes after */
  length: number;
}

/**
 * Reads a session's journal. A line that a crash has torn counts as never written: what it would have announced was not begun.
 * @returns undefined when there is none
 */
export async function readJournal(path: string): Promise<Journal | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
  return journalOf(text);
}

/** @returns undefined for a text that says of no project */
export function journalOf(text: string): Journal | undefined {
  let first: Extract<Line, { op: 'open' }> | undefined;
  let done = 0;
  let last = 0;
  let at = '';
  let isClosed = true;
  const changes = new Map<number, KeptChange>();
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  for (const line of whole.split('\n').map(parsed)) {
    if (line === undefined) continue;
    isClosed = line.op === 'close';
    if (line.op === 'open') {
      first ??= line;
      at = line.at;
    } else if (line.op === 'change') {
      changes.set(line.n, line);
      last = Math.max(last, line.n);
    } else if (line.op === 'not') changes.delete(line.n);
    else if (line.op === 'done') done = Math.max(done, line.n);
  }
  if (first === undefined) return undefined;
  const all = [...changes.values()];
  return {
    project: first.project,
    at,
    undoes: first.undoes,
    isPart: first.isPart === true,
    changes: all,
    pending: all.filter(({ n }) => n > done),
    last,
    isClosed,
    length: Buffer.byteLength(whole),
  };
}

/** The path a change is about. */
export function pathOf({ was, now }: KeptChange): string {
  return (now ?? was)?.path ?? '';
}

function parsed(text: string): Line | undefined {
  if (text === '') return undefined;
  try {
    const result = z.safeParse(lineSchema, JSON.parse(text));
    return result.success ? result.data : undefined;
  } catch {
    return undefined;
  }
}
