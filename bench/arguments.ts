import { parseArgs } from 'node:util';
import { Fault } from '../src/fault/fault.ts';

export const PARTS = [
  'start',
  'suspend',
  'fork',
  'exec',
  'work',
  'throughput',
  'exchange',
  'memory',
] as const;
export type Part = (typeof PARTS)[number];

export interface BenchArguments {
  /** in the order of `PARTS` */
  parts: Part[];
  /** overrules each part's own number of repetitions */
  repeat: number | undefined;
  writeDocs: boolean;
}

const HINT = `npm run bench -- [${PARTS.join('|')}]… [--repeat N] [--write-docs]`;

/** @throws Fault `usage` */
export function parseArguments(argv: readonly string[]): BenchArguments {
  const { values, positionals } = parse(argv);
  const unknown = positionals.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) throw new Fault('usage', `there is no part ${unknown}`, { hint: HINT });
  const parts = PARTS.filter((part) => positionals.length === 0 || positionals.includes(part));
  const writeDocs = values['write-docs'] === true;
  if (writeDocs && parts.length < PARTS.length)
    throw new Fault('usage', 'the document holds all parts of one run', { hint: HINT });
  return { parts, repeat: repetitions(values.repeat), writeDocs };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { repeat: { type: 'string' }, 'write-docs': { type: 'boolean' } },
    });
  } catch (cause) {
    throw new Fault('usage', 'these arguments are not understood', { cause, hint: HINT });
  }
}

function repetitions(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= 1000) return count;
  throw new Fault('usage', `${text} is no number of repetitions`, { hint: HINT });
}
