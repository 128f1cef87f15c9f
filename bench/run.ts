import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateFolder } from '../src/bundle/locate.ts';
import { EXIT } from '../src/fault/codes.ts';
import { Fault, systemCode } from '../src/fault/fault.ts';
import { renderFault } from '../src/fault/render.ts';
import { writeJson } from '../src/platform/json-file.ts';
import { writeWhole } from '../src/platform/whole-file.ts';
import { type BenchArguments, type Part, parseArguments } from './arguments.ts';
import { type Lab, openLab } from './lab.ts';
import { reasonOf } from './measure/alternate.ts';
import type { PairedSection, Section } from './measure/section.ts';
import { measureExchange } from './parts/exchange.ts';
import { measureExec } from './parts/exec.ts';
import { measureFork } from './parts/fork.ts';
import { measureMemory } from './parts/memory.ts';
import { measureStart } from './parts/start.ts';
import { measureSuspend } from './parts/suspend.ts';
import { measureThroughput } from './parts/throughput.ts';
import { measureWork } from './parts/work.ts';
import { benchPlaces } from './places.ts';
import { type BenchReport, markdown } from './report/markdown.ts';
import { BEGIN, END, replaceBlock } from './report/marked-block.ts';

const MEASURES: Record<Part, (lab: Lab) => Promise<(Section | PairedSection)[]>> = {
  start: measureStart,
  suspend: measureSuspend,
  fork: measureFork,
  exec: measureExec,
  work: measureWork,
  throughput: measureThroughput,
  exchange: measureExchange,
  memory: measureMemory,
};

const places = benchPlaces(locateFolder());
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    note('ending what was started');
    interrupted.abort(new Fault('interrupted', 'interrupted'));
  });
}

try {
  process.exitCode = await bench(parseArguments(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(renderFault(error));
  process.exitCode = error instanceof Fault ? error.exitCode : EXIT.failed;
}

async function bench(given: BenchArguments): Promise<number> {
  // Before anything is measured: a document that cannot take the tables would cost the whole run.
  if (given.writeDocs) await documentWith('');
  const date = new Date().toISOString();
  const lab = await openLab(locateFolder(), { repeat: given.repeat, signal: interrupted.signal, note });
  const sections: (Section | PairedSection)[] = [];
  let failed = false;
  try {
    for (const part of given.parts) {
      try {
        sections.push(...(await MEASURES[part](lab)));
      } catch (error) {
        interrupted.signal.throwIfAborted();
        failed = true;
        note(`${part} could not be measured: ${reasonOf(error)}`);
      }
    }
  } finally {
    await lab.close();
  }
  const report: BenchReport = { date, host: lab.host, sections };
  const file = join(places.results, `${date.replace(/[:.]/g, '-')}.json`);
  await writeJson(file, report);
  process.stdout.write(`${markdown(report)}\n`);
  note(`all samples: ${file}`);
  if (given.writeDocs && !failed) await writeWhole(places.document, await documentWith(markdown(report)));
  return failed ? EXIT.failed : EXIT.ok;
}

async function documentWith(tables: string): Promise<string> {
  const text = await readFile(places.document, 'utf8').catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
    return `# Benchmarks\n\n${BEGIN}\n${END}\n`;
  });
  return replaceBlock(text, tables);
}

function note(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}
