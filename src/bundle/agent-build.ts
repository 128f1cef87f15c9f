import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { Fault } from '../fault/fault.ts';
import { AGENT_OPTIONS } from './agent-options.ts';
import type { Folder } from './folder.ts';

const Program = z.object({ files: z.object({ agentd: z.string().check(z.regex(/^agentd-\w+\.mjs$/)) }) });

/**
 * The agent daemon as one module: the one that was bundled with this program, or bundled now where the program runs from its sources. It is
 * not part of the image, so a new program works with an old image.
 */
export async function agentModule(folder: Folder): Promise<Uint8Array> {
  const home = join(folder.root, 'node_modules/.pcoder');
  if (import.meta.url.includes('/node_modules/.pcoder/')) {
    const { files } = Program.parse(JSON.parse(await readFile(join(home, 'program.json'), 'utf8')));
    return readFile(join(home, files.agentd));
  }
  try {
    // The synchronous form leaves no service process behind.
    const { buildSync } = await import('esbuild');
    const result = buildSync({
      ...AGENT_OPTIONS,
      entryPoints: [join(folder.root, 'src/guest/agentd.ts')],
      write: false,
    });
    const [file] = result.outputFiles;
    if (file === undefined) throw new Error('the bundler made no file');
    return file.contents;
  } catch (error) {
    throw new Fault('build-failed', 'the agent daemon could not be bundled', {
      cause: error,
      hint: 'npm ci',
    });
  }
}
