import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Outcome, type Scene, type Under, until } from '../../e2e/scene.ts';
import type { Chance } from './chance.ts';
import { checkDisk } from './disk-check.ts';
import { Subject } from './subject.ts';

/** Machines at once: the first one and its forks. Each that runs costs the host a part of a processor. */
const MACHINES = 4;
/** Each fork of a machine that was written to gives it one more; `machine fork` ends at 32. */
const LAYERS = 28;

/** A machine and its forks, and theirs: made, reset and removed, and at times cut off while that is done. */
export class Family {
  readonly #scene: Scene;
  readonly #chance: Chance;
  readonly #first: string;
  #members: Subject[];
  #made = 0;

  constructor(scene: Scene, chance: Chance, first = 'default') {
    this.#scene = scene;
    this.#chance = chance;
    this.#first = first;
    this.#members = [new Subject(scene, first, chance)];
  }

  get members(): readonly Subject[] {
    return this.#members;
  }

  get isFull(): boolean {
    return this.#members.length >= MACHINES;
  }

  get hasForks(): boolean {
    return this.#members.length > 1;
  }

  /** The first machine half of the time, its forks the other half. */
  any(): Subject {
    const [first, ...forks] = this.#members;
    if (first === undefined) throw new Error('there is no machine');
    return forks.length === 0 || this.#chance.next() < 0.5 ? first : this.#chance.one(forks);
  }

  /** Forks a machine that has a disk; at times the command is killed. The fork is a member when it was made. */
  async fork(source: Subject): Promise<{ said: string; fork: Subject | undefined }> {
    if ((await layersOf(this.#scene, source)) > LAYERS) return { said: 'too many layers', fork: undefined };
    const name = `fork-${++this.#made}`;
    const { outcome, said } = await this.#perhapsKilled(['fork', source.name, name], [900, 2000]);
    if (outcome === undefined) source.known.memoryPerhaps();
    else assert.equal(outcome.code, 0, outcome.stderr);
    const fork = (await this.#exists(name)) ? source.as(name, outcome !== undefined) : undefined;
    if (fork !== undefined) this.#members.push(fork);
    return { said: `${source.name} to ${name}, ${said}: ${fork === undefined ? 'not made' : 'made'}`, fork };
  }

  /** Removes a fork, whatever it does; at times the command is killed, and it may stay, whole. */
  async remove(): Promise<{ said: string; left: Subject | undefined }> {
    const fork = this.#chance.one(this.#members.slice(1));
    await checkDiskOf(this.#scene, fork);
    const { outcome, said } = await this.#perhapsKilled(['rm', fork.name, '--yes'], [600, 1200]);
    if (outcome !== undefined) assert.equal(outcome.code, 0, outcome.stderr);
    fork.known.memoryPerhaps();
    const isLeft = await this.#exists(fork.name);
    assert.ok(!isLeft || outcome === undefined, `${fork.name} was removed and is there`);
    if (!isLeft) await this.#forget(fork);
    return { said: `${fork.name}, ${said}${isLeft ? ': still there' : ''}`, left: isLeft ? fork : undefined };
  }

  /** Empties a machine. One whose reset was killed is reset again: what is left of it then is nothing. */
  async reset(subject: Subject): Promise<{ said: string; fresh: Subject }> {
    const words = ['reset', subject.name, '--yes'];
    const { outcome, said } = await this.#perhapsKilled(words, [600, 1200]);
    const last = outcome ?? (await this.#machine(words).done);
    assert.equal(last.code, 0, last.stderr);
    const fresh = new Subject(this.#scene, subject.name, this.#chance);
    this.#members = this.#members.map((each) => (each === subject ? fresh : each));
    return { said: `${subject.name}, ${said}`, fresh };
  }

  /** Brings every machine down, checks each one's files once more and its file system, and removes the forks. */
  async end(): Promise<void> {
    for (const member of [...this.#members].reverse()) {
      await member.check();
      await member.stop('--shutdown').done;
      await member.assertTidy();
      await checkDisk(this.#scene.state, member.name);
      if (member.name === this.#first) continue;
      const { code, stderr } = await this.#machine(['rm', member.name, '--yes']).done;
      assert.equal(code, 0, stderr);
      await this.#forget(member);
    }
  }

  async #perhapsKilled(
    words: string[],
    [soon, late]: [number, number],
  ): Promise<{ outcome: Outcome | undefined; said: string }> {
    const under = this.#machine(words);
    if (this.#chance.next() < 0.5) return { outcome: await under.done, said: 'not killed' };
    const delay = this.#chance.delay(soon, late);
    await Promise.race([sleep(delay), under.done]);
    under.kill('SIGKILL');
    await under.done;
    return { outcome: undefined, said: `killed after ${delay} ms` };
  }

  /** It is gone with everything: its folder, its processes, and what was on its way. */
  async #forget(member: Subject): Promise<void> {
    this.#members = this.#members.filter((each) => each !== member);
    await until(`the processes of ${member.name}, which was removed, have ended`, async () => {
      const { supervisors, qemus } = await member.processes();
      return supervisors.length + qemus.length === 0;
    });
    const names = await readdir(join(this.#scene.state, 'vm'));
    const expected = new Set(['.lock.db', ...this.#members.map(({ name }) => name)]);
    assert.deepEqual(
      names.filter((name) => !expected.has(name)),
      [],
      'machines that nothing explains',
    );
  }

  /** `machine list` also removes what killed commands have left. */
  async #exists(name: string): Promise<boolean> {
    const { stdout, stderr, code } = await this.#machine(['list', '--json']).done;
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout.toString()).some((each: { name: string }) => each.name === name);
  }

  #machine(words: string[]): Under {
    return this.#scene.start(['machine', ...words], { input: '' });
  }
}

/** Brings a machine to rest and checks its file system. */
export async function checkDiskOf(scene: Scene, subject: Subject): Promise<void> {
  if ((await subject.processes()).qemus.length > 0) {
    await subject.stop().done;
    subject.known.memoryPerhaps();
  }
  await checkDisk(scene.state, subject.name);
}

async function layersOf(scene: Scene, { name }: Subject): Promise<number> {
  const record = await readFile(join(scene.state, 'vm', name, 'machine.json'), 'utf8').catch(() => '{}');
  return JSON.parse(record).disks?.length ?? 0;
}
