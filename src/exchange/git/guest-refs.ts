import { Fault } from '../../fault/fault.ts';
import type { ObjectFormat } from './repository.ts';

export interface GuestRefs {
  /** as the guest spells them, each once */
  refs: Map<string, string>;
  /** the branch that is checked out in the guest */
  branch: string | undefined;
  /** the commit, where none is */
  detached: string | undefined;
  /** commits at which the guest's history ends */
  shallow: string[];
}

/** Bytes and lines of a guest's list. */
const MOST = 4 * 2 ** 20;
const LINES = 40_000;

/** Reads the guest's list. Names are not judged here. @throws Fault `protocol-violation` */
export async function readGuestRefs(
  source: AsyncIterable<Uint8Array>,
  format: ObjectFormat,
): Promise<GuestRefs> {
  const found: GuestRefs = { refs: new Map(), branch: undefined, detached: undefined, shallow: [] };
  const lines = (await gather(source)).split('\n');
  if (lines.length > LINES) throw new Fault('protocol-violation', 'the guest lists too many git refs');
  const digits = format === 'sha1' ? 40 : 64;
  for (const line of lines) {
    if (line === '') continue;
    const [, object, name] = /^(@|[0-9a-f]+) ([^ ]+)$/.exec(line) ?? [];
    if (object === undefined || name === undefined || (object !== '@' && object.length !== digits))
      throw new Fault('protocol-violation', 'a line of the list of git refs from the guest does not fit');
    if (object === '@') found.branch = name;
    else if (name === 'HEAD') found.detached = object;
    else if (name === 'shallow') found.shallow.push(object);
    else found.refs.set(name, object);
  }
  return found;
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of source) {
    size += piece.length;
    if (size > MOST) throw new Fault('protocol-violation', 'the list of git refs from the guest is too long');
    pieces.push(Uint8Array.from(piece));
  }
  return Buffer.concat(pieces).toString();
}
