import { test } from 'node:test';
import fc from 'fast-check';
import type { HostTraits } from '../../../src/exchange/host-traits.ts';
import { steps } from './steps.ts';
import { World } from './world.ts';

const LINUX: HostTraits = { caseInsensitive: false, windowsNames: false, execBits: true, links: true };

const HOSTS: Record<string, HostTraits> = {
  Linux: LINUX,
  'a host that ignores case': { ...LINUX, caseInsensitive: true },
  Windows: { caseInsensitive: true, windowsNames: true, execBits: false, links: false },
};

/** PCODER_MODEL_STEPS=2000000 looks for what a few seconds do not find, from another beginning each time. */
const WANTED = Number(process.env['PCODER_MODEL_STEPS'] ?? 4000);
const SEED = process.env['PCODER_MODEL_STEPS'] === undefined ? 20_260_101 : Date.now();

for (const [name, traits] of Object.entries(HOSTS)) {
  test(`with ${name}, no content is lost whatever both sides do, and both agree in the end`, {
    timeout: 24 * 3_600_000,
  }, async (t) => {
    let taken = 0;
    for (let round = 0; taken < WANTED / 3; round += 1) {
      await fc.assert(
        fc.asyncProperty(steps, async (list) => {
          using world = new World(traits);
          for (const step of list) {
            await world.take(step);
            taken += 1;
          }
          await world.settle();
        }),
        { seed: SEED + round, numRuns: 20 },
      );
    }
    t.diagnostic(`${taken} steps`);
  });
}
