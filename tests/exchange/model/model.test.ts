import { test } from 'node:test';
import fc from 'fast-check';
import { steps } from './steps.ts';
import { type ModelHost, World } from './world.ts';

const LINUX = { caseInsensitive: false, windowsNames: false, execBits: true, links: true };

const HOSTS: Record<string, ModelHost> = {
  Linux: { traits: LINUX, keeps: false },
  'Linux where what goes is kept': { traits: LINUX, keeps: true },
  'a host that ignores case': { traits: { ...LINUX, caseInsensitive: true }, keeps: false },
  Windows: {
    traits: { caseInsensitive: true, windowsNames: true, execBits: false, links: false },
    keeps: false,
  },
};

/** PCODER_MODEL_STEPS=2000000 looks for what a few seconds do not find, from another beginning each time. */
const WANTED = Number(process.env['PCODER_MODEL_STEPS'] ?? 4000);
const SEED = process.env['PCODER_MODEL_STEPS'] === undefined ? 20_260_101 : Date.now();

for (const [name, host] of Object.entries(HOSTS)) {
  test(`with ${name}, no content is lost whatever both sides do, and both agree in the end`, {
    timeout: 24 * 3_600_000,
  }, async (t) => {
    let taken = 0;
    for (let round = 0; taken < WANTED / 4; round += 1) {
      await fc.assert(
        fc.asyncProperty(steps, async (list) => {
          using world = new World(host);
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
