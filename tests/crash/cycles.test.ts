import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeScene, noProcessLeft } from '../e2e/scene.ts';
import { Chance } from './cycles/chance.ts';
import { checkDisk } from './cycles/disk-check.ts';
import { MEMORY, Subject, VICTIMS } from './cycles/subject.ts';

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

const chance = new Chance(SEED);
let scene: Awaited<ReturnType<typeof makeScene>>;
let subject: Subject;
let hasForks: boolean;

before(async () => {
  scene = await makeScene();
  await mkdir(scene.state, { recursive: true });
  await writeFile(join(scene.state, 'settings.json'), JSON.stringify({ memory: MEMORY, golden: false }));
  subject = new Subject(scene, 'default', chance);
  hasForks = (await scene.pcoder(['machine', 'list'])).code === 0;
});
after(async () => {
  await scene.pcoder(['stop', 'forked']);
  await scene[Symbol.asyncDispose]();
});

interface Step {
  name: string;
  weight: number;
  isPossible?: () => boolean;
  /** @returns what happened, where there is more to say than the name */
  take(): Promise<string | undefined>;
}

const STEPS: readonly Step[] = [
  {
    name: 'write',
    weight: 2,
    async take() {
      await subject.write();
      return undefined;
    },
  },
  {
    name: 'suspend',
    weight: 3,
    async take() {
      const { stderr, code } = await subject.stop().done;
      assert.equal(code, 0, stderr);
      assert.match(stderr, /suspended|does not run/);
      await subject.assertTidy();
      return undefined;
    },
  },
  {
    name: 'shut down',
    weight: 1,
    async take() {
      const { stderr, code } = await subject.stop('--shutdown').done;
      assert.equal(code, 0, stderr);
      if (!/does not run/.test(stderr)) {
        assert.match(stderr, /guest shutdown/);
        subject.known.memoryGone();
      }
      await subject.assertTidy();
      return undefined;
    },
  },
  {
    name: 'kill at rest',
    weight: 2,
    async take() {
      const victim = chance.one(VICTIMS);
      const { qemus } = await subject.processes();
      await subject.kill(victim);
      if (victim.includes('qemu') && qemus.length > 0) subject.known.memoryGone();
      return victim;
    },
  },
  {
    name: 'kill while writing',
    weight: 5,
    async take() {
      const victim = chance.one(VICTIMS);
      const delay = chance.delay(700, 4000);
      const wasUp = (await subject.processes()).qemus.length > 0;
      const { code } = await subject.write(async (under) => {
        await Promise.race([sleep(delay), under.done]);
        await subject.kill(victim, under);
      });
      // The command may have ended before; QEMU was killed all the same.
      if (wasUp && victim.includes('qemu')) subject.known.memoryGone();
      else if (victim.includes('qemu') || code !== 0) subject.known.memoryPerhaps();
      return `${victim} after ${delay} ms: ${code}`;
    },
  },
  {
    name: 'kill while suspending',
    weight: 5,
    async take() {
      const victim = chance.one(VICTIMS);
      const delay = chance.delay(900, 3000);
      const under = subject.stop();
      await Promise.race([sleep(delay), under.done]);
      await subject.kill(victim, under);
      const { code } = await under.done;
      subject.known.memoryPerhaps();
      return `${victim} after ${delay} ms: ${code}`;
    },
  },
  {
    name: 'suspend, then kill while resuming',
    weight: 5,
    async take() {
      await subject.stop().done;
      await subject.assertTidy();
      const victim = chance.one(VICTIMS);
      const delay = chance.delay(500, 1200);
      const { code } = await subject.write(async (under) => {
        await Promise.race([sleep(delay), under.done]);
        await subject.kill(victim, under);
      });
      subject.known.memoryPerhaps();
      return `${victim} after ${delay} ms: ${code}`;
    },
  },
  {
    name: 'fork, kill at a random moment, and remove the fork',
    weight: 2,
    isPossible: () => hasForks,
    async take() {
      const isDisturbed = chance.next() < 0.5;
      const under = scene.start(['machine', 'fork', subject.name, 'forked'], { input: '' });
      const delay = chance.delay(900, 2000);
      if (isDisturbed) {
        await Promise.race([sleep(delay), under.done]);
        under.kill('SIGKILL');
        subject.known.memoryPerhaps();
      }
      const { code, stderr } = await under.done;
      if (!isDisturbed) assert.equal(code, 0, stderr);
      const exists = (await scene.pcoder(['machine', 'list'])).stdout.toString().includes('forked');
      if (exists) {
        const forked = subject.as('forked');
        await forked.check();
        await forked.write();
        await forked.stop('--shutdown').done;
        forked.known.memoryGone();
        await checkDisk(scene.state, 'forked');
        const removed = await scene.pcoder(['machine', 'rm', 'forked', '--yes']);
        assert.equal(removed.code, 0, removed.stderr);
      }
      return `${isDisturbed ? `killed after ${delay} ms` : 'not killed'}: ${exists ? 'made' : 'not made'}`;
    },
  },
  {
    name: 'reset',
    weight: 0.5,
    isPossible: () => hasForks,
    async take() {
      const { code, stderr } = await scene.pcoder(['machine', 'reset', subject.name, '--yes']);
      assert.equal(code, 0, stderr);
      subject = new Subject(scene, subject.name, chance);
      return undefined;
    },
  },
];

test(`${CYCLES} random cycles of work, suspends and kills lose nothing (PCODER_SEED=${SEED})`, {
  timeout: CYCLES * 120_000,
}, async (context) => {
  await subject.write();
  const steps = STEPS.filter(({ name, isPossible }) => WANTED.test(name) && (isPossible?.() ?? true));
  const say = (text: string) => {
    context.diagnostic(text);
    // A diagnostic is shown at the end; a long run is watched.
    if (process.env['PCODER_CYCLES'] !== undefined) process.stderr.write(`${text}\n`);
  };
  const end = Date.now() + SECONDS * 1000;
  let kept = 0;
  let cycles = 0;
  for (let cycle = 1; cycle <= CYCLES && Date.now() < end; cycle++) {
    const step = chance.weighted(steps);
    const began = Date.now();
    let said = '';
    try {
      said = (await step.take()) ?? '';
      if (cycle % CHECK_EVERY === 0) await checkWhenStopped();
      if (await subject.check()) kept++;
    } catch (error) {
      throw new Error(
        `cycle ${cycle} (${step.name} ${said}), PCODER_SEED=${SEED}: ${error instanceof Error ? error.message : error}`,
        { cause: error },
      );
    }
    const took = Date.now() - began;
    cycles++;
    say(`${cycle}: ${step.name} ${said} (${took} ms)`);
    if (took > SLOW) say(await logSince(began));
  }
  say(`memory was kept in ${kept} of ${cycles} cycles`);
  await subject.stop('--shutdown').done;
  await subject.assertTidy();
  await checkDisk(scene.state, subject.name);
  await noProcessLeft(scene.state);
  await rm(join(scene.state, 'vm'), { recursive: true });
});

async function logSince(moment: number): Promise<string> {
  const log = await readFile(join(scene.state, 'vm', subject.name, 'supervisor.log'), 'utf8');
  const lines = log.split('\n').filter((line) => Date.parse(line.slice(0, 24)) >= moment);
  return lines.map((line) => `   ${line}`).join('\n');
}

async function checkWhenStopped(): Promise<void> {
  if ((await subject.processes()).qemus.length > 0) {
    await subject.stop().done;
    subject.known.memoryPerhaps();
  }
  await checkDisk(scene.state, subject.name);
}
