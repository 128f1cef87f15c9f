import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeWhole } from '../platform/whole-file.ts';
import { AGENT_OPTIONS } from './agent-options.ts';
import { entrySnapshot, SOURCES } from './start-entry.ts';
import { makeStartupSnapshot } from './startup-snapshot.ts';

/** Entry → file name. */
export type ProgramFiles = Record<'cli' | 'supervisor' | 'agentd', string> & { agentdSnapshot?: string };

/**
 * Makes the one-file form of each entry in `home`. Files are named by their content and `program.json` is written last, so a reader or a
 * second builder at any moment finds a complete program.
 * @param sources stamp of what the program is made of
 * @throws the bundler's error; Fault `folder-unwritable`
 */
export async function buildProgram(root: string, home: string, sources: string): Promise<ProgramFiles> {
  const { build } = await import('esbuild');
  const source = join(root, 'src');
  await mkdir(home, { recursive: true });
  const [program, agent] = await Promise.all([
    build({
      entryPoints: { cli: join(source, 'cli/main.ts'), supervisor: join(source, 'supervisor/main.ts') },
      outdir: home,
      outExtension: { '.js': '.cjs' },
      entryNames: '[name]-[hash]',
      bundle: true,
      minifySyntax: true,
      minifyWhitespace: true,
      write: false,
      platform: 'node',
      format: 'cjs',
      target: 'node24',
      define: { 'import.meta.url': '__at.url' },
      banner: { js: AT },
      // A start-up snapshot has no `import()`.
      supported: { 'dynamic-import': false },
      // It starts a program that lies beside it.
      external: ['esbuild'],
      legalComments: 'none',
      logLevel: 'silent',
    }),
    build({
      ...AGENT_OPTIONS,
      entryPoints: { agentd: join(source, 'guest/agentd.ts') },
      outdir: home,
      entryNames: '[name]-[hash]',
      outExtension: { '.js': '.cjs' },
      write: false,
    }),
  ]);
  const outputs = [...program.outputFiles, ...agent.outputFiles];
  for (const { path, contents } of outputs) {
    if ((await stat(path).catch(() => undefined))?.size !== contents.byteLength)
      await writeWhole(path, contents);
  }
  const names = outputs.map(({ path }) => basename(path));
  const files: ProgramFiles = {
    cli: named(names, 'cli'),
    supervisor: named(names, 'supervisor'),
    agentd: named(names, 'agentd'),
  };
  const snapshots = await makeSnapshots(home, files, sources);
  if (snapshots.includes(agentBlob(files))) files.agentdSnapshot = agentBlob(files);
  await writeWhole(join(home, 'program.json'), JSON.stringify({ sources, files }));
  await removeOld(home, new Set([...names, ...snapshots, 'program.json']));
  return files;
}

/** A module's own address, wherever the folder has been moved since a snapshot was made of it. */
const AT =
  "const __at={get url(){return process.getBuiltinModule('node:url').pathToFileURL(globalThis.pcoderProgram??__filename).href}};";

/** Those of command and supervisor have fixed names, which `pcoder` knows; they know themselves what they were made of. */
async function makeSnapshots(home: string, files: ProgramFiles, sources: string): Promise<string[]> {
  const wanted = [
    [files.cli, entrySnapshot('cli')],
    [files.supervisor, entrySnapshot('supervisor')],
    [files.agentd, agentBlob(files)],
  ] as const;
  const made = await Promise.all(
    wanted.map(async ([module, snapshot]) => {
      if (await makeStartupSnapshot(home, module, snapshot, { [SOURCES]: sources })) return [snapshot];
      await rm(join(home, snapshot), { force: true });
      return [];
    }),
  );
  return made.flat();
}

function agentBlob({ agentd }: ProgramFiles): string {
  return agentd.replace(/\.cjs$/, '.blob');
}

function named(names: string[], entry: string): string {
  const found = names.find((name) => name.startsWith(`${entry}-`));
  if (found === undefined) throw new Error(`the bundler made no ${entry}`);
  return found;
}

/** Milliseconds a part may still be wanted by a program that has just started with the former sources. */
const LINGER = 24 * 3600_000;

async function removeOld(home: string, current: Set<string>): Promise<void> {
  for (const name of await readdir(home)) {
    if (!/\.([cm]js|blob)$/.test(name) || current.has(name)) continue;
    const path = join(home, name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > LINGER) await rm(path, { force: true });
  }
}
