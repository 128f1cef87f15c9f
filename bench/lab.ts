import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Image, loadImage } from '../src/bundle/assets/image.ts';
import { loadQemu, type QemuInstall } from '../src/bundle/assets/qemu.ts';
import { realReach } from '../src/bundle/fetch/reach.ts';
import { type Folder, stateNames } from '../src/bundle/folder.ts';
import type { Progress } from '../src/bundle/progress.ts';
import { machineSize, readSettings } from '../src/bundle/settings.ts';
import { Fault, systemCode } from '../src/fault/fault.ts';
import type { Accelerator } from '../src/machine/qemu/accelerator.ts';
import { lastVerdict } from '../src/machine/qemu/verdict.ts';
import { tryLock } from '../src/platform/exclusive-lock.ts';
import { type Host, hostFacts } from './host.ts';
import { OurMachine } from './our-machine.ts';
import { benchPlaces } from './places.ts';
import { freshScratch } from './scratch.ts';
import { readyStock } from './stock/ready-stock.ts';
import type { StockImage } from './stock/stock-guest.ts';

export interface LabOptions {
  /** overrules each part's own number of repetitions */
  repeat: number | undefined;
  signal: AbortSignal;
  note(text: string): void;
}

/** What the parts measure with. */
export interface Lab extends LabOptions {
  host: Host;
  ours: OurMachine;
  qemu: QemuInstall;
  /** The stock guest's image, made on first use. @throws Fault why there is none */
  stock(): Promise<StockImage>;
  /** a temporary folder, removed at the end */
  scratch: string;
  /** Ends everything that was started. */
  close(): Promise<void>;
}

/**
 * Makes everything ready: assets there, one start behind us so that digests are known, code is compiled and the accelerator is proven.
 * @throws Fault `machine-busy` when the benchmarks already run; whatever keeps a machine from starting
 */
export async function openLab(folder: Folder, options: LabOptions): Promise<Lab> {
  const facts = hostFacts();
  const { home, lock: lockFile, own, scratch: scratchFile } = benchPlaces(folder);
  await mkdir(own.state, { recursive: true, mode: 0o700 });
  const lock = tryLock(lockFile);
  if (lock === undefined) throw new Fault('machine-busy', `the benchmarks already run in ${home}`);
  const ours = new OurMachine(own, options.signal);
  const scratch = await freshScratch(scratchFile);
  const close = async () => {
    await ours.stop();
    await rm(stateNames(own).machines, { recursive: true, force: true });
    await rm(stateNames(own).golden, { recursive: true, force: true });
    await rm(stateNames(own).sessions, { recursive: true, force: true });
    await rm(scratch, { recursive: true, force: true });
    lock.release();
  };
  try {
    // A run that was killed may have left its machine; every run has a new disk, on the current image.
    await ours.stop();
    await rm(stateNames(own).machines, { recursive: true, force: true });
    await takeSettings(folder, own);
    options.note('a first start, not measured');
    await ours.start();
    options.note('waiting for the golden snapshot');
    await goldenThere(own, options.signal);
    await ours.stop();
    const qemu = await loadQemu(folder);
    const image = await loadImage(folder);
    const accelerator = await acceleratorOf(own);
    const guest = machineSize(await readSettings(own));
    let stock: Promise<StockImage> | undefined;
    return {
      ...options,
      host: { ...facts, qemu: qemu.version, image: image.id, guest, accelerator: accelerator.text },
      ours,
      qemu,
      scratch,
      stock() {
        stock ??= makeStock(
          folder,
          { image, qemu, accelerator: accelerator.name, scratch, ...guest },
          options,
        );
        return stock;
      },
      close,
    };
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }
}

function makeStock(
  folder: Folder,
  { image, qemu, ...run }: Omit<StockImage, 'files' | 'commandLine'> & { image: Image },
  { signal, note }: LabOptions,
): Promise<StockImage> {
  const progress: Progress = (event) => {
    if (event.type === 'step') note(event.step);
  };
  const tools = { qemu, progress, signal, reach: realReach };
  return readyStock(folder, image.manifest.suite, run, tools);
}

/** It is made at rest, by a second guest: once, and not while something is measured. */
async function goldenThere(folder: Folder, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + GOLDEN_WITHIN;
  for (;;) {
    const found = await readdir(stateNames(folder).golden).catch(() => []);
    if (found.some((name) => /^[0-9a-f]{16}$/.test(name))) return;
    signal.throwIfAborted();
    if (Date.now() > deadline) throw new Fault('check-failed', 'no golden snapshot was made');
    await sleep(200);
  }
}

/** Milliseconds; about 15 s were measured. */
const GOLDEN_WITHIN = 180_000;

/** What the machine just started was given. */
async function acceleratorOf(folder: Folder): Promise<{ name: Accelerator; text: string }> {
  const { accelerator: forced } = await readSettings(folder);
  if (forced !== undefined) return { name: forced, text: `${forced} (chosen by setting)` };
  const verdict = await lastVerdict(stateNames(folder).accelerator);
  if (verdict === undefined)
    throw new Fault('check-failed', 'the first start left no verdict on accelerators');
  return { name: verdict.accelerator, text: verdict.accelerator };
}

/** Size and accelerator are the user's; a folder without settings has the defaults. */
async function takeSettings(from: Folder, to: Folder): Promise<void> {
  try {
    await copyFile(stateNames(from).settings, stateNames(to).settings);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    await rm(stateNames(to).settings, { force: true });
  }
}
