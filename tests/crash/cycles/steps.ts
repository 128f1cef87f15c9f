import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from './chance.ts';
import { type Subject, VICTIMS } from './subject.ts';

/** Something that is done to one machine. */
export interface Step {
  name: string;
  weight: number;
  /** @returns what happened, where there is more to say than the name */
  take(subject: Subject, chance: Chance): Promise<string>;
}

export const STEPS: readonly Step[] = [
  {
    name: 'write',
    weight: 2,
    async take(subject) {
      await subject.write();
      return '';
    },
  },
  {
    name: 'suspend',
    weight: 3,
    async take(subject) {
      const { stderr, code } = await subject.stop().done;
      assert.equal(code, 0, stderr);
      assert.match(stderr, /suspended|does not run/);
      await subject.assertTidy();
      return '';
    },
  },
  {
    name: 'shut down',
    weight: 1,
    async take(subject) {
      const { stderr, code } = await subject.stop('--shutdown').done;
      assert.equal(code, 0, stderr);
      if (!/does not run/.test(stderr)) {
        assert.match(stderr, /guest shutdown/);
        subject.known.memoryGone();
      }
      await subject.assertTidy();
      return '';
    },
  },
  {
    name: 'kill at rest',
    weight: 2,
    async take(subject, chance) {
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
    async take(subject, chance) {
      const victim = chance.one(VICTIMS);
      const delay = chance.delay(700, 4000);
      const wasUp = (await subject.processes()).qemus.length > 0;
      let wasMarked = false;
      const { code } = await subject.write(async (under) => {
        await Promise.race([sleep(delay), under.done]);
        wasMarked = under.stdout().includes('marked');
        await subject.kill(victim, under);
        if (wasUp && victim.includes('qemu')) subject.known.memoryReplaced();
      });
      // The command may have ended before; QEMU was killed all the same.
      if (wasUp && victim.includes('qemu') && wasMarked) subject.known.memoryGone();
      else if (victim.includes('qemu') || code !== 0) subject.known.memoryPerhaps();
      return `${victim} after ${delay} ms: ${code}`;
    },
  },
  {
    name: 'kill while suspending',
    weight: 5,
    async take(subject, chance) {
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
    async take(subject, chance) {
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
];
