import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds programs get to be held: one that waits for its disk is held when that has answered. */
const HELD_WITHIN = 2000;
const LOOK = 5;

/**
 * Holds every program of the guest from before a snapshot until its renewal. The kernel begins its random numbers anew when it notices that
 * it came out of a snapshot; a program that drew one after the other was seen to get the same three as its twin in a fork until then, 11 ms.
 * Control groups do it unseen: no signal, no job that a shell takes for stopped.
 */
export class Stillness {
  readonly #root: string;
  readonly #self: string;
  /** where we were before we stepped aside; undefined while nothing is held */
  #home: string | undefined;
  #held: string[] = [];

  /** @param root of the control groups  @param self names our own */
  constructor(root = '/sys/fs/cgroup', self = '/proc/self/cgroup') {
    this.#root = root;
    this.#self = self;
  }

  get isHeld(): boolean {
    return this.#home !== undefined;
  }

  /** Holds all programs but these. Before the system has made its groups, there is nobody to hold. */
  async hold(but: readonly number[]): Promise<void> {
    if (this.#home !== undefined || !existsSync(join(this.#root, 'init.scope'))) return;
    const own = join(this.#root, OWN);
    const home = /^0::(\/.*)$/m.exec(readFileSync(this.#self, 'utf8'))?.[1] ?? '/init.scope';
    mkdirSync(own, { recursive: true });
    for (const pid of but) move(pid, own);
    this.#home = home;
    // Each one costs the resume a moment, so none that is empty.
    this.#held = this.#others().filter((group) => says(group, 'populated 1'));
    for (const group of this.#held) tell(group, '1');
    const deadline = Date.now() + HELD_WITHIN;
    while (!this.#held.every((group) => says(group, 'frozen 1')) && Date.now() < deadline) await sleep(LOOK);
  }

  /** Lets them go on. */
  release(but: readonly number[]): void {
    const home = this.#home;
    if (home === undefined) return;
    this.#home = undefined;
    // Before we go back: in a group that is held we would be held ourselves.
    for (const group of this.#held) tell(group, '0');
    // What we start from now on is to be held the next time.
    for (const pid of but) move(pid, join(this.#root, home));
  }

  #others(): string[] {
    return readdirSync(this.#root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== OWN)
      .map(({ name }) => join(this.#root, name));
  }
}

const OWN = 'pcoder';

function move(pid: number, group: string): void {
  writeFileSync(join(group, 'cgroup.procs'), String(pid));
}

/** A group may go at any moment, with the last of its programs. */
function tell(group: string, freeze: '0' | '1'): void {
  try {
    writeFileSync(join(group, 'cgroup.freeze'), freeze);
  } catch (error) {
    if (existsSync(group)) throw error;
  }
}

/** Of a group that has gone: yes, whatever is asked. */
function says(group: string, what: 'populated 1' | 'frozen 1'): boolean {
  const events = join(group, 'cgroup.events');
  return !existsSync(events) || readFileSync(events, 'utf8').split('\n').includes(what);
}
