import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { Fault } from '../fault/fault.ts';
import { AGENT_OPTIONS } from './agent-options.ts';
import type { Folder } from './folder.ts';

const Program = z.object({
  files: z.object({
    agentd: z.string().check(z.regex(/^agentd-\w+\.cjs$/)),
    agentdSnapshot: z.optional(z.string().check(z.regex(/^agentd-\w+\.blob$/))),
  }),
});

export interface AgentProgram {
  /** one CommonJS module */
  module: Uint8Array;
  /** V8's start-up snapshot of the same, for Node of this very version; made with the program's one-file form only */
  snapshot: Uint8Array | undefined;
}

/**
 * The agent daemon as one module: the one that was bundled with this program, or bundled now where the program runs from its sources. It is
 * not part of the image, so a new program works with an old image.
 */
export async function agentModule(folder: Folder): Promise<AgentProgram> {
  const home = join(folder.root, 'node_modules/.pcoder');
  if (import.meta.url.includes('/node_modules/.pcoder/')) {
    const { files } = Program.parse(JSON.parse(await readFile(join(home, 'program.json'), 'utf8')));
    const { agentd, agentdSnapshot } = files;
    return {
      module: await readFile(join(home, agentd)),
      snapshot: agentdSnapshot === undefined ? undefined : await readFile(join(home, agentdSnapshot)),
    };
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
    return { module: file.contents, snapshot: undefined };
  } catch (error) {
    throw new Fault('build-failed', 'the agent daemon could not be bundled', {
      cause: error,
      hint: 'npm ci',
    });
  }
}
