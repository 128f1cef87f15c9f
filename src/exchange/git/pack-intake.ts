import { ByteReader } from '../shared/byte-reader.ts';
import type { GitLimits } from './limits.ts';
import { mebibytes } from './pack-for-guest.ts';
import { GitRefusal } from './refusal.ts';

/**
 * The guest's pack on its way to git, held to the limits: git makes room for as many objects as the head announces before it has seen one,
 * so the head is judged first.
 * @throws GitRefusal
 */
export async function* packIntake(
  source: AsyncIterable<Uint8Array>,
  { received, objects }: GitLimits,
): AsyncGenerator<Uint8Array> {
  const reader = new ByteReader(source);
  try {
    const head = Buffer.from(await reader.exactly(HEAD));
    if (head.toString('latin1', 0, 4) !== 'PACK' || head.readUInt32BE(4) !== 2)
      throw new GitRefusal('what the guest sent is no pack');
    const count = head.readUInt32BE(8);
    if (count > objects)
      throw new GitRefusal(`the guest announced ${count} new objects, more than ${objects} are not taken`);
    yield head;
    for (let size = HEAD; ; ) {
      const piece = await reader.piece();
      if (piece === undefined) return;
      size += piece.length;
      if (size > received)
        throw new GitRefusal(`the guest sent more than ${mebibytes(received)} MiB of new objects`);
      yield piece;
    }
  } finally {
    await reader.release();
  }
}

const HEAD = 12;
