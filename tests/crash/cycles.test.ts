import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeScene, noProcessLeft } from '../e2e/scene.ts';
import { Chance } from './cycles/chance.ts';
import { checkDiskOf, Family } from './cycles/family.ts';
import { STEPS } from './cycles/steps.ts';
import { MEMORY, type Subject } from './cycles/subject.ts';

// PCODER_CYCLES=200 PCODER_SEED=1 npm test -- tests/crash/cycles.test.ts

const CYCLES = Number(process.env['PCODER_CYCLES'] ?? 12);
const SEED = Number(process.env['PCODER_SEED'] ?? Date.now() % 1_000_000);
/** Only steps whose names match, to look for one thing. */
const WANTED = new RegExp(process.env['PCODER_STEPS'] ?? '');
/** Seconds after which no further cycle is begun. */
const SECONDS = Number(process.env['PCODER_SECONDS'] ?? 3600);
/** Milliseconds after which a cycle shows what its supervisors logged. */
const SLOW = 9000;
/** A stopped machine's file system is checked each time after this many cycles. */
const CHECK_EVERY = 4;
/** How often a machine that has a fork by now is brought to rest when its turn is over: a host this small carries few at once. */
const RESTS = 0.7;

const chance = new Chance(SEED);
let scene: Awaited<ReturnType<typeof makeScene>>;
let family: Family;

before(async () => {
  scene = await makeScene();
  await mkdir(scene.state, { recursive: true });
  await writeFile(join(scene.state, 'settings.json'), JSON.stringify({ memory: MEMORY, golden: false }));
  family = new Family(scene, chance);
});
after(async () => {
  for (const { name } of family.members) await scene.pcoder(['stop', name]);
  await scene[Symbol.asyncDispose]();
});

interface Turn {
  name: string;
  weight: number;
  isPossible?: () => boolean;
  /** @returns what happened, and to which machine; undefined where none is left to look at */
  take(): Promise<{ said: string; subject: Subject | undefined }>;
}

const TURNS: readonly Turn[] = [
  ...STEPS.map((step) => ({
    name: step.name,
    weight: step.weight,
    async take() {
      const subject = family.any();
      return { said: `${subject.name} ${await step.take(subject, chance)}`, subject };
    },
  })),
  {
    name: 'fork',
    weight: 3,
    isPossible: () => !family.isFull,
    async take() {
      const source = family.any();
      const { said, fork } = await family.fork(source);
      if (fork === undefined) return { said, subject: source };
      // What the fork writes must not show in its source, which goes on.
      await fork.check();
      await fork.write();
      await source.check();
      return { said, subject: fork };
    },
  },
  {
    name: 'remove a fork',
    weight: 2,
    isPossible: () => family.hasForks,
    async take() {
      const { said, left } = await family.remove();
      return { said, subject: left };
    },
  },
  {
    name: 'reset',
    weight: 1,
    async take() {
      const { said, fresh } = await family.reset(family.any());
      await fresh.write();
      return { said, subject: fresh };
    },
  },
];

test(`${CYCLES} random cycles of work, suspends, forks and kills lose nothing (PCODER_SEED=${SEED})`, {
  timeout: CYCLES * 120_000,
}, async (context) => {
  await family.any().write();
  const say = (text: string) => {
    context.diagnostic(text);
    // A diagnostic is shown at the end; a long run is watched.
    if (process.env['PCODER_CYCLES'] !== undefined) process.stderr.write(`${text}\n`);
  };
  const started = Date.now();
  const taken = new Map<string, number>();
  let kept = 0;
  let cycles = 0;
  for (let cycle = 1; cycle <= CYCLES && Date.now() < started + SECONDS * 1000; cycle++) {
    const turn = chance.weighted(
      TURNS.filter(({ name, isPossible }) => WANTED.test(name) && (isPossible?.() ?? true)),
    );
    const began = Date.now();
    let said = '';
    let subject: Subject | undefined;
    try {
      ({ said, subject } = await turn.take());
      if (subject !== undefined) {
        if (cycle % CHECK_EVERY === 0) await checkDiskOf(scene, subject);
        if (await subject.check()) kept++;
        if (family.hasForks && chance.next() < RESTS) await subject.stop().done;
      }
    } catch (error) {
      throw new Error(
        `cycle ${cycle} (${turn.name} ${said}), PCODER_SEED=${SEED}: ${error instanceof Error ? error.message : error}`,
        { cause: error },
      );
    }
    const took = Date.now() - began;
    cycles++;
    taken.set(turn.name, (taken.get(turn.name) ?? 0) + 1);
    say(`${cycle}: ${turn.name}: ${said} (${took} ms)`);
    if (took > SLOW && subject !== undefined) say(await logSince(subject, began));
  }
  await family.end();
  await noProcessLeft(scene.state);
  await rm(join(scene.state, 'vm'), { recursive: true });
  const minutes = Math.round((Date.now() - started) / 6000) / 10;
  say(`${cycles} cycles in ${minutes} minutes; memory was kept in ${kept}`);
  say([...taken].map(([name, times]) => `${name} ${times}`).join(', '));
});

async function logSince({ name }: Subject, moment: number): Promise<string> {
  const log = await readFile(join(scene.state, 'vm', name, 'supervisor.log'), 'utf8').catch(() => '');
  const lines = log.split('\n').filter((line) => Date.parse(line.slice(0, 24)) >= moment);
  return lines.map((line) => `   ${line}`).join('\n');
}
