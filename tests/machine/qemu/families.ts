import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Folder, machineNames, stateNames, unfinishedMachine } from '../../../src/bundle/folder.ts';
import { type FileSteps, fileSteps } from '../../../src/machine/qemu/file-steps.ts';
import { type ForkPlan, forkMachine } from '../../../src/machine/qemu/fork.ts';
import type { MachineRecord } from '../../../src/machine/qemu/record.ts';
import { snapshotFiles, stampOf } from '../../../src/machine/qemu/snapshot/snapshot-files.ts';
import { writeSnapshotRecord } from '../../../src/machine/qemu/snapshot/snapshot-record.ts';

export const IMAGE = 'image-1';
const DIGEST = '0'.repeat(64);

/** Folders of machines as they look while nobody runs them, with small files in place of disks and memory. */
export class Machines implements Disposable {
  readonly folder: Folder;
  readonly empty: string;

  constructor() {
    const root = mkdtempSync(join(tmpdir(), 'machines-'));
    this.folder = { root, state: join(root, 'state') };
    this.empty = join(root, 'empty.qcow2');
    writeFileSync(this.empty, 'nothing yet');
    mkdirSync(stateNames(this.folder).machines, { recursive: true });
  }

  names(machine: string) {
    return machineNames(this.folder, machine);
  }

  /** A stopped machine that has written its top layer. */
  make(machine: string, disks: readonly string[] = ['overlay.qcow2']): void {
    const names = this.names(machine);
    mkdirSync(join(names.home, 'ssh'), { recursive: true });
    for (const disk of disks) writeFileSync(join(names.home, disk), `${machine} wrote ${disk}`);
    this.record(machine, { version: 1, image: IMAGE, disks: [...disks] });
    mkdirSync(names.exchange);
    writeFileSync(join(names.exchange, 'project-1.jsonl'), `agreed with ${machine}`);
    for (const path of [names.lock, names.supervisorLog, names.sshHostKey]) writeFileSync(path, machine);
  }

  async suspend(machine: string, disk: string): Promise<void> {
    const { home, suspended } = this.names(machine);
    mkdirSync(suspended);
    const files = snapshotFiles(suspended);
    writeFileSync(files.memory, `memory of ${machine}`);
    writeFileSync(files.devices, `devices of ${machine}`);
    await writeSnapshotRecord(files.record, {
      version: 1,
      key: {
        ...{ format: 1, qemu: DIGEST, accelerator: 'tcg', cpu: 'max', memory: 2048, cpus: 2, image: IMAGE },
        ...{ kernel: 'k', agent: DIGEST, arguments: DIGEST },
      },
      taken: '2026-01-01T00:00:00.000Z',
      bootKey: DIGEST,
      apps: [],
      memory: { size: 1, offset: 0, sha256: DIGEST },
      stamps: {
        hostBoot: 'this boot',
        memory: await stampOf(files.memory),
        devices: await stampOf(files.devices),
      },
      disk: { file: disk, stamp: await stampOf(join(home, disk)) },
    });
  }

  fork(source: string, name: string, steps?: FileSteps, more: Partial<ForkPlan> = {}) {
    return forkMachine(
      {
        source: { name: source, names: this.names(source) },
        name,
        home: this.names(name).home,
        unfinished: this.unfinished(name),
        empty: () => Promise.resolve(this.empty),
        ...more,
      },
      steps,
    );
  }

  unfinished(machine: string): string {
    return unfinishedMachine(this.folder, machine, '0a');
  }

  recordOf(machine: string): MachineRecord {
    return JSON.parse(readFileSync(this.names(machine).record, 'utf8'));
  }

  record(machine: string, record: MachineRecord): void {
    writeFileSync(this.names(machine).record, JSON.stringify(record));
  }

  /** What the guest would find on its disk: each layer's content, lowest first; empty ones left out. */
  content(machine: string): string[] {
    const { home } = this.names(machine);
    return this.recordOf(machine)
      .disks.map((disk) => readFileSync(join(home, disk), 'utf8'))
      .filter((content) => content !== 'nothing yet');
  }

  /** Every path below the machines, with what is in it. */
  everything(): Record<string, string> {
    const top = stateNames(this.folder).machines;
    return Object.fromEntries(
      readdirSync(top, { recursive: true, encoding: 'utf8' })
        .sort()
        .map((path) => [
          path,
          statSync(join(top, path)).isFile() ? readFileSync(join(top, path), 'utf8') : '',
        ]),
    );
  }

  [Symbol.dispose](): void {
    rmSync(this.folder.root, { recursive: true });
  }
}

/**
 * The real steps up to the given one, at which the process "ends": nothing after it happens either, also no cleaning up. A removal is cut
 * off in its middle, everything else is whole or not there.
 */
export function endingAt(last: number): FileSteps & { ended: boolean } {
  let done = 0;
  const until =
    <A extends unknown[]>(step: (...args: A) => Promise<void>, half?: (...args: A) => void) =>
    async (...args: A) => {
      if (done === last && half !== undefined && !steps.ended) half(...args);
      if (done >= last) {
        steps.ended = true;
        throw new Error('killed');
      }
      done++;
      await step(...args);
    };
  const steps = {
    ended: false,
    folder: until(fileSteps.folder),
    share: until(fileSteps.share),
    layer: until(fileSteps.layer),
    record: until(fileSteps.record),
    snapshot: until(fileSteps.snapshot),
    rename: until(fileSteps.rename),
    remove: until(fileSteps.remove, halfRemoved),
    sync: until(fileSteps.sync),
  };
  return steps;
}

/** Waits for work that `endingAt` may have cut off. */
export async function killed(work: Promise<unknown>, steps: { ended: boolean }): Promise<void> {
  await work.catch((error: unknown) => {
    if (!steps.ended) throw error;
  });
}

function halfRemoved(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  for (const name of readdirSync(path).slice(1)) rmSync(join(path, name), { recursive: true });
}
