import { type Side, watched } from './fs-calls.ts';

/** Once it has died, nothing it does reaches the disk any more. @returns whether it came to that */
export async function diesAt(
  at: number,
  dies: Side | 'both',
  work: () => Promise<unknown>,
): Promise<boolean> {
  let calls = 0;
  let isDead = false;
  await watched(
    ({ side }) => {
      if (dies !== 'both' && side !== dies) return;
      if (calls === at) isDead = true;
      calls += 1;
      if (isDead) throw new Error('dead');
    },
    () => work().catch(() => undefined),
  );
  return isDead;
}

/** One call fails as on a full disk, the others work. @returns whether it came to that call */
export async function failsAt(at: number, work: () => Promise<unknown>): Promise<boolean> {
  let calls = 0;
  await watched(
    ({ name }) => {
      calls += 1;
      // Removing something needs no space.
      if (calls - 1 === at && !/rm|unlink/.test(name))
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    },
    () => work().catch(() => undefined),
  );
  return calls > at;
}
