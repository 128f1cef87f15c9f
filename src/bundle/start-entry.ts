import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startupSnapshot } from 'node:v8';
import { stampOfSources } from './sources-stamp.cjs';

/** Where the one-file program is whose snapshot this process began from; its own `import.meta.url` tells where that was made. */
declare global {
  var pcoderProgram: string | undefined;
}

/** The name a snapshot of an entry of the program has, beside the program. */
export function entrySnapshot(entry: 'cli' | 'supervisor'): string {
  return `${entry}.blob`;
}

/** The variable that tells the maker of a snapshot the stamp of the sources it is made of. */
export const SOURCES = 'PCODER_SOURCES';

/**
 * Runs an entry of the program: now, or, where a start-up snapshot is being made of it, in each process that begins from that. A snapshot of
 * other sources than those that are there hands over to them.
 */
export function startEntry(main: () => void): void {
  if (!startupSnapshot.isBuildingSnapshot()) return main();
  const madeOf = process.env[SOURCES];
  startupSnapshot.setDeserializeMainFunction(() => {
    // As without a snapshot: node, src/start.cjs, the entry, its words.
    const [node = '', start = '', entry = '', ...words] = process.argv;
    const root = join(dirname(realpathSync(start)), '..');
    if (stampOfSources(root) !== madeOf)
      return process.execve?.(node, [node, ...ownFlags(process.execArgv), start, entry, ...words]);
    globalThis.pcoderProgram = join(root, 'node_modules/.pcoder/program.cjs');
    process.argv.splice(2, 1);
    main();
  });
}

/** The path of this entry's sibling snapshot, for a process that began from one. */
export function siblingSnapshot(entry: 'cli' | 'supervisor'): string | undefined {
  const program = globalThis.pcoderProgram;
  return program === undefined ? undefined : join(dirname(program), entrySnapshot(entry));
}

function ownFlags(flags: readonly string[]): string[] {
  const at = flags.indexOf('--snapshot-blob');
  return at < 0 ? [...flags] : flags.toSpliced(at, 2);
}
