import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { ClosingLines } from './test/closing-lines.ts';
import { filesOf, LANES } from './test/lanes.ts';

// npm test                 every lane
// npm test -- unit e2e     these lanes
// npm test -- tests/channel/frame.test.ts   these files, wherever they belong

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FAIL_ON_WARNING = fileURLToPath(new URL('./test/fail-on-warning.ts', import.meta.url));
/** Milliseconds one file may take: a cold start under emulation on a busy host, many times over; and as many cycles as are asked for. */
const FILE_WITHIN = Math.max(15 * 60_000, Number(process.env['PCODER_CYCLES'] ?? 0) * 30_000);

const wanted = process.argv.slice(2);
const unknown = wanted.filter(
  (word) => !word.endsWith('.test.ts') && !LANES.some(({ name }) => name === word),
);
if (unknown.length > 0) {
  process.stderr.write(
    `error: there is no lane ${unknown.join(', ')}\nhint: npm test -- ${LANES.map(({ name }) => name).join('|')}\n`,
  );
  process.exit(2);
}

const joined = new ClosingLines();
joined.compose(new spec()).pipe(process.stdout);
for (const lane of LANES) {
  const all = await filesOf(ROOT, lane);
  const files =
    wanted.length === 0 || wanted.includes(lane.name)
      ? all
      : all.filter((file) => wanted.some((word) => file.endsWith(`/${word}`)));
  if (files.length === 0) continue;
  // Loaded here and not above: a run of unit tests has nothing to fetch.
  if (lane.machines && !(await (await import('./test/assets.ts')).readyAssets())) process.exit(1);
  await runLane(files, lane.machines ? 1 : availableParallelism());
}
joined.end();
await new Promise((resolve) => joined.once('close', resolve));
process.exitCode = joined.failed ? 1 : 0;

function runLane(files: string[], concurrency: number): Promise<void> {
  const events = run({
    files,
    concurrency,
    cwd: ROOT,
    timeout: FILE_WITHIN,
    execArgv: ['--no-warnings', '--import', FAIL_ON_WARNING],
  });
  return new Promise((resolve, reject) => {
    events.on('end', resolve);
    events.on('error', reject);
    events.pipe(joined, { end: false });
  });
}
