import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { identify } from '../../../src/platform/process-identity.ts';
import { type Outcome, type Scene, type Under, until } from '../../e2e/scene.ts';
import type { Chance } from './chance.ts';
import { Known } from './known.ts';

/** MiB of the machines' memory. */
export const MEMORY = 768;
/** What a machine's folder may hold beside its disk and its memory: logs, keys, records. */
const SMALL_FILES = 32 * 2 ** 20;
/** Files a test keeps: later ones replace earlier ones. */
const KEPT_FILES = 10;

export type Victim = 'command' | 'supervisor' | 'qemu' | 'supervisor and qemu';
export const VICTIMS: readonly Victim[] = ['command', 'supervisor', 'qemu', 'supervisor and qemu'];

/** One machine that is put through it, and what is known of it. */
export class Subject {
  readonly name: string;
  readonly known: Known;
  readonly #scene: Scene;
  readonly #chance: Chance;

  constructor(scene: Scene, name: string, chance: Chance, known = new Known()) {
    this.#scene = scene;
    this.name = name;
    this.#chance = chance;
    this.known = known;
  }

  /** The same disk and memory under another name. */
  as(name: string, isSure: boolean): Subject {
    return new Subject(this.#scene, name, this.#chance, this.known.copy(isSure));
  }

  /** Writes one file, synced, and a new mark into memory alone. What was acknowledged counts as known. */
  async write(disturb?: (under: Under) => Promise<void>): Promise<Outcome> {
    const file = `file-${this.#chance.below(KEPT_FILES)}`;
    const content = `${this.#mark()} `.repeat(1 + this.#chance.below(20_000));
    const nonce = this.#mark();
    this.known.writing(file, content);
    this.known.marking(nonce);
    const under = this.#scene.start(this.#exec(WRITE, file, nonce), { input: content });
    await disturb?.(under);
    const outcome = await under.done;
    if (outcome.stdout.includes('written')) this.known.wrote(file, content);
    if (outcome.stdout.includes('marked')) this.known.marked();
    if (disturb === undefined) assert.equal(outcome.code, 0, outcome.stderr);
    return outcome;
  }

  /** Compares every known file and the mark in memory. @returns whether the memory was kept */
  async check(): Promise<boolean> {
    const nonce = this.#mark();
    const { code, stdout, stderr } = await this.#scene.pcoder(this.#exec(CHECK, nonce));
    assert.equal(code, 0, stderr);
    const [shown = '', ...sums] = stdout.toString().trim().split('\n');
    const files = new Map(sums.map((line) => [line.slice(66), line.slice(0, 64)]));
    const isKept = this.known.check({ nonce: shown.slice('nonce '.length), files });
    this.known.marking(nonce);
    this.known.marked();
    await this.assertOneOfEach();
    return isKept;
  }

  stop(...flags: string[]): Under {
    return this.#scene.start(['stop', this.name, ...flags], { input: '' });
  }

  async kill(victim: Victim, command?: Under): Promise<void> {
    if (victim === 'command') return command?.kill('SIGKILL');
    const found = await this.processes();
    const wanted = [
      ...(victim.includes('supervisor') ? found.supervisors : []),
      ...(victim.includes('qemu') ? found.qemus : []),
    ];
    for (const pid of wanted) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended since.
      }
    }
    await until('the killed are gone', () => wanted.every((pid) => identify(pid) === undefined));
  }

  async processes(): Promise<{ supervisors: number[]; qemus: number[] }> {
    const found: { supervisors: number[]; qemus: number[] } = { supervisors: [], qemus: [] };
    for (const entry of await readdir('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
      if (!command.includes(this.#scene.state)) continue;
      if (command.includes('start.cjs\0supervisor\0') && command.includes(`--machine\0${this.name}\0`))
        found.supervisors.push(Number(entry));
      else if (command.includes(`-name\0pcoder-${this.name}\0`)) found.qemus.push(Number(entry));
    }
    return found;
  }

  async assertOneOfEach(): Promise<void> {
    const { supervisors, qemus } = await this.processes();
    assert.equal(supervisors.length, 1, `${supervisors.length} supervisors own ${this.name}`);
    assert.equal(qemus.length, 1, `${qemus.length} QEMUs run ${this.name}`);
  }

  /** After a stop that nothing disturbed: no process, no file that its state does not explain, no more space than it needs. */
  async assertTidy(): Promise<void> {
    await until('all of its processes have ended', async () => {
      const { supervisors, qemus } = await this.processes();
      return supervisors.length + qemus.length === 0;
    });
    const home = join(this.#scene.state, 'vm', this.name);
    const { disks, run } = JSON.parse(await readFile(join(home, 'machine.json'), 'utf8'));
    assert.equal(run, undefined, 'the record names a run');
    const stays = new Set([...EXPLAINED, ...disks]);
    const names = await readdir(home);
    assert.deepEqual(
      names.filter((name) => !stays.has(name)),
      [],
      'files that nothing explains',
    );
    const isSuspended = names.includes('suspended');
    let beside = 0;
    for (const entry of await readdir(home, { recursive: true })) {
      if (!disks.includes(entry)) beside += (await stat(join(home, entry))).blocks * 512;
    }
    const limit = SMALL_FILES + (isSuspended ? MEMORY * 2 ** 20 * 1.1 : 0);
    assert.ok(beside <= limit, `${beside} bytes beside the disk, ${limit} expected at most`);
  }

  #exec(script: string, ...args: string[]): string[] {
    return ['exec', '--machine', this.name, '--exchange', 'none', '--', 'sh', '-c', script, 'sh', ...args];
  }

  #mark(): string {
    return Math.floor(this.#chance.next() * 2 ** 48).toString(16);
  }
}

const EXPLAINED = [
  'lock.db',
  'machine.json',
  'suspended',
  'qemu.log',
  'console.log',
  'supervisor.log',
  'ssh',
  'exchange',
];

const WRITE = `
mkdir -p ~/known && cat > ~/known/$1.new && sync ~/known/$1.new && mv ~/known/$1.new ~/known/$1 && sync ~/known ~ && echo written
echo $2 > /dev/shm/nonce && echo marked`;

/** From the disk, not from what the memory still knows of it. */
const CHECK = `
echo 3 | sudo tee /proc/sys/vm/drop_caches > /dev/null
echo nonce $(cat /dev/shm/nonce 2>/dev/null); echo $1 > /dev/shm/nonce
cd ~/known 2>/dev/null && sha256sum *; true`;
