import { execFile } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installRivals } from '../exchange/guest-packages.ts';
import { type Carrier, openCarriers } from '../exchange/rivals.ts';
import { changeFiles, makeBigFile, makeBranches, makeTree } from '../exchange/tree.ts';
import type { Lab } from '../lab.ts';
import { alternate, type Contender } from '../measure/alternate.ts';
import type { Section } from '../measure/section.ts';

const FILES = 10_000;
const MANY = 100_000;
const ALL = ['ours', 'scp', 'rsync', 'unison'];
/** scp sends every file again: there is no second pass to speak of. */
const KEEPING = ['ours', 'rsync', 'unison'];

/** Project files into the guest: our exchange, scp, rsync and unison, all into the same guest. */
export async function measureExchange(lab: Lab): Promise<Section[]> {
  await lab.ours.start();
  try {
    await installRivals(lab);
    const sections: Section[] = [];
    await withTree(
      lab,
      'tree',
      (at) => makeTree(at, FILES, 100e6),
      async (tree) => {
        sections.push(await firstCopy(lab, tree, 'First copy of 10,000 files, 100 MB', ALL, lab.repeat ?? 3));
        sections.push(...(await laterPasses(lab, tree)));
      },
    );
    await withTree(
      lab,
      'many',
      (at) => makeTree(at, MANY, 200e6),
      async (tree) => {
        const title = 'First copy of 100,000 files, 200 MB';
        sections.push(await firstCopy(lab, tree, title, KEEPING, Math.min(lab.repeat ?? 1, 1)));
      },
    );
    const big = async (at: string) => {
      await mkdir(at);
      makeBigFile(join(at, 'big.bin'), 1e9);
    };
    await withTree(lab, 'big', big, async (tree) => {
      sections.push(await firstCopy(lab, tree, 'One file of 1 GB', ALL, Math.min(lab.repeat ?? 1, 1)));
    });
    return sections;
  } finally {
    await lab.ours.stop();
  }
}

async function withTree(
  lab: Lab,
  name: string,
  make: (at: string) => Promise<void> | void,
  use: (tree: string) => Promise<void>,
): Promise<void> {
  const tree = join(lab.scratch, name);
  try {
    lab.note(`${name}, not measured`);
    await make(tree);
    await use(tree);
  } finally {
    await rm(tree, { recursive: true, force: true });
    await rm(`${tree}-carried`, { recursive: true, force: true });
  }
}

async function firstCopy(
  lab: Lab,
  tree: string,
  title: string,
  ids: readonly string[],
  repeat: number,
): Promise<Section> {
  const carriers = await openCarriers(lab, tree, ids);
  const contenders = carriers.map(
    (carrier): Contender => ({
      id: carrier.id,
      label: carrier.label,
      async measure() {
        await carrier.forget();
        return await carrier.carry();
      },
    }),
  );
  const rows = await alternate(contenders, { ...lab, repeat });
  for (const carrier of carriers) await carrier.forget();
  await rm(`${tree}-carried`, { recursive: true, force: true });
  return { ...section(title, rows, 3), notes: NOTES };
}

async function laterPasses(lab: Lab, tree: string): Promise<Section[]> {
  const branches = `${tree}-branches`;
  await promisify(execFile)('cp', ['-a', tree, branches]);
  await makeBranches(branches, FILES, 500, lab.signal);
  try {
    const kept = await openCarriers(lab, branches, KEEPING);
    lab.note('first copies for the passes after, not measured');
    for (const carrier of kept) await carrier.carry();
    const repeat = lab.repeat ?? 5;
    let round = 0;
    const after = async (title: string, before: (carrier: Carrier) => Promise<void> | void) => {
      const contenders = kept.map(
        (carrier): Contender => ({
          id: carrier.id,
          label: carrier.label,
          async measure() {
            round += 1;
            await before(carrier);
            return await carrier.carry();
          },
        }),
      );
      return section(title, await alternate(contenders, { ...lab, repeat }), 5);
    };
    const sections = [
      await after('Nothing changed among 10,000 files', () => {}),
      await after('One of 10,000 files changed', ({ source }) => changeFiles(source, FILES, 1, round)),
      await after('100 of 10,000 files changed', ({ source }) => changeFiles(source, FILES, 100, round)),
    ];
    for (const { source } of kept) await switchTo(source, 'two');
    for (const carrier of kept) await carrier.carry();
    let branch = 0;
    sections.push(
      await after('`git checkout` of a branch that differs in 500 files', async ({ source }) => {
        if (source === kept[0]?.source) branch += 1;
        await switchTo(source, branch % 2 === 1 ? 'one' : 'two');
      }),
    );
    return sections;
  } finally {
    await rm(branches, { recursive: true, force: true });
    await rm(`${branches}-carried`, { recursive: true, force: true });
  }
}

async function switchTo(root: string, branch: string): Promise<void> {
  await promisify(execFile)('git', ['-C', root, 'checkout', '-qf', branch]);
}

function section(title: string, rows: Section['rows'], times: number): Section {
  return {
    title,
    unit: 'milliseconds',
    rows,
    ours: 'ours',
    expectations: [
      {
        text: `${times} times as fast as rsync`,
        kind: 'ratio',
        row: 'ours',
        against: 'rsync',
        atMost: 1 / times,
      },
    ],
    notes: [],
  };
}

const NOTES = [
  'Whole commands. Ours starts a program in the guest besides and looks for its results afterwards, so it compares both sides twice.',
  'Each has a source folder and a copy of its own in the same guest; ssh is the guest’s own sshd, carried by the channel.',
];
