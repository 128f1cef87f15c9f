import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { emptyLayer, type Folder, machineNames, unfinishedMachine } from '../../bundle/folder.ts';
import { Fault } from '../../fault/fault.ts';
import { ensureLayer, exists } from '../../machine/qemu/disk.ts';
import { forkMachine, takenFault } from '../../machine/qemu/fork.ts';
import { listMachines, summarizeMachine } from '../../machine/qemu/listing.ts';
import { removeMachine } from '../../machine/qemu/removal.ts';
import { resetMachine } from '../../machine/qemu/reset.ts';
import { socketFolder } from '../../platform/private-folder.ts';
import { command, type JsonFlag, printJson, say } from '../command.ts';
import type { Context } from '../context.ts';
import { tidyMachines, withMachineFiles } from '../machine-files.ts';
import { bytesText, machineTable } from '../machine-lines.ts';
import { interruptible } from '../with-assets.ts';

export type SureFlags = JsonFlag & { readonly yes: boolean };

export const list = command(async (context: Context, flags: JsonFlag) => {
  await tidyMachines(context.folder);
  const machines = await listMachines(context.folder);
  if (flags.json) printJson(context, machines);
  else if (machines.length === 0) say(context, 'there is no machine yet; pcoder start makes one');
  else context.stdout.write(machineTable(machines));
  return undefined;
});

export const fork = command(async (context: Context, flags: JsonFlag, source: string, name: string) => {
  const { folder } = context;
  const names = machineNames(folder, source);
  const { home } = machineNames(folder, name);
  // Before anything is brought down for it.
  if (await exists(home)) throw takenFault(name);
  const { memory, manner } = await interruptible(context, (progress, signal) => {
    progress({ type: 'step', step: `forking machine ${source}` });
    return withMachineFiles(context, source, 'suspend', async (manner) => ({
      manner,
      ...(await forkMachine({
        source: { name: source, names },
        name,
        home,
        unfinished: unfinishedMachine(folder, name, mark()),
        empty: (image) => readyLayer(folder, image),
        signal,
      })),
    }));
  });
  if (flags.json) printJson(context, { machine: name, forkedFrom: source, memory, source: manner });
  else {
    if (manner !== 'not running' && manner !== 'suspended')
      say(context, `machine ${source} could not be suspended and was shut down (${manner})`);
    const from = memory ? `goes on where ${source} stands` : `begins with a start from ${source}'s disk`;
    say(context, `machine ${name} ${from}: pcoder exec --machine ${name} -- COMMAND`);
  }
  return undefined;
});

export const remove = command(async (context: Context, flags: SureFlags, name: string) => {
  const { folder } = context;
  await makeSure(context, flags, name, `Remove machine ${name} with everything on its disk?`);
  const { home } = machineNames(folder, name);
  const freed = await withMachineFiles(context, name, 'abandon', async () => {
    const { disk, memory } = await summarizeMachine(folder, name);
    await removeMachine(home, unfinishedMachine(folder, name, mark()));
    const sockets = socketFolder(home);
    if (sockets !== home) await rm(sockets, { recursive: true, force: true });
    return disk.alone + memory.alone;
  });
  if (flags.json) printJson(context, { machine: name, freed });
  else say(context, `removed machine ${name} (${bytesText(freed)} freed)`);
  return undefined;
});

export const reset = command(async (context: Context, flags: SureFlags, name: string) => {
  const { folder } = context;
  await makeSure(context, flags, name, `Drop the disk and memory of machine ${name}?`);
  const freed = await withMachineFiles(context, name, 'abandon', async () => {
    const { disk, memory } = await summarizeMachine(folder, name);
    await resetMachine(machineNames(folder, name));
    return disk.alone + memory.alone;
  });
  if (flags.json) printJson(context, { machine: name, freed });
  else say(context, `machine ${name} starts from a fresh disk next time (${bytesText(freed)} freed)`);
  return undefined;
});

/** Asks on a terminal; elsewhere only `--yes` is an answer. @throws Fault `usage`, `interrupted`, `machine-unknown` */
async function makeSure(context: Context, flags: SureFlags, name: string, question: string): Promise<void> {
  // Nobody is asked about what is not there.
  if (!(await exists(machineNames(context.folder, name).home)))
    throw new Fault('machine-unknown', `there is no machine ${name}`, { hint: 'pcoder machine list' });
  if (flags.yes) return;
  if (context.stdin.isTTY !== true || context.stdout.isTTY !== true || flags.json)
    throw new Fault('usage', `this drops what is in machine ${name}, and there is nobody to ask`, {
      hint: 'add --yes',
    });
  const { confirm } = await import('@clack/prompts');
  const answer = await confirm({ message: question, initialValue: false });
  if (answer !== true) throw new Fault('interrupted', 'nothing was changed');
}

/** An empty layer is made once for each image; QEMU is needed only then. */
async function readyLayer(folder: Folder, image: string): Promise<string> {
  const layer = emptyLayer(folder, image);
  if (await exists(layer)) return layer;
  const [{ loadQemu }, { loadImage }] = await Promise.all([
    import('../../bundle/assets/qemu.ts'),
    import('../../bundle/assets/image.ts'),
  ]);
  const { root } = await loadImage(folder, image);
  await ensureLayer(await loadQemu(folder), layer, root);
  return layer;
}

/** Tells folders of one name apart that killed commands left. */
function mark(): string {
  return randomBytes(4).toString('hex');
}
