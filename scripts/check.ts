import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { fileSizes } from './check/file-sizes.ts';
import { brokenRules } from './check/house-rules.ts';

interface Finding {
  good: boolean;
  said: string;
  /** shown beside the name, good or not */
  figure?: string;
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['src', 'tests', 'scripts', 'bench'];

/** Every check, cheap ones first. */
const CHECKS: readonly { name: string; run(): Promise<Finding> }[] = [
  {
    name: 'format and lint; npm run format mends most',
    run: () => program('biome', 'check', '--max-diagnostics=60', '.'),
  },
  { name: 'types', run: () => program('tsc', '--noEmit', '-p', '.') },
  {
    name: 'floors: imports go down only',
    run: () => program('depcruise', '--config', '.dependency-cruiser.cjs', ...FOLDERS),
  },
  {
    name: 'house rules',
    run: async () => {
      const broken = await brokenRules(ROOT);
      return { good: broken.length === 0, said: broken.join('\n') };
    },
  },
  { name: 'nothing unused', run: () => program('knip', '--no-progress') },
  {
    name: 'file sizes',
    run: async () => {
      const { figure, tooLong } = await fileSizes(ROOT, FOLDERS);
      return { good: tooLong.length === 0, said: tooLong.join('\n'), figure };
    },
  },
];

let failed = 0;
for (const { name, run } of CHECKS) {
  const since = performance.now();
  const { good, said, figure } = await run();
  if (!good) failed++;
  const seconds = ((performance.now() - since) / 1000).toFixed(1);
  const lines = [`${good ? '✓' : '✗'} ${name} (${seconds} s)`];
  if (figure !== undefined) lines.push(`  ${figure}`);
  if (!good) lines.push(said.trim());
  process.stdout.write(`${lines.join('\n')}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;

async function program(name: string, ...args: string[]): Promise<Finding> {
  const { exitCode, all } = await execa(name, args, {
    cwd: ROOT,
    preferLocal: true,
    reject: false,
    all: true,
  });
  return { good: exitCode === 0, said: all };
}
