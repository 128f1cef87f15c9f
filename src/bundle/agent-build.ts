import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Fault } from '../fault/fault.ts';

/** The agent daemon as the guest gets it: two modules without imports of ours. */
export interface AgentFiles {
  agentd: Uint8Array;
  reader: Uint8Array;
}

/** Bundles the daemon from source (about 50 ms). It is not part of the image, so a new program works with an old image. */
export async function buildAgent(): Promise<AgentFiles> {
  const guest = fileURLToPath(new URL('../guest/', import.meta.url));
  try {
    const result = await build({
      entryPoints: { agentd: `${guest}agentd.ts`, reader: `${guest}port-reader.ts` },
      outdir: 'unused',
      bundle: true,
      minify: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      legalComments: 'none',
      logLevel: 'silent',
    });
    return {
      agentd: output(result.outputFiles, 'agentd.js'),
      reader: output(result.outputFiles, 'reader.js'),
    };
  } catch (error) {
    throw new Fault('build-failed', 'the agent daemon could not be bundled', {
      cause: error,
      hint: 'npm ci',
    });
  }
}

function output(files: { path: string; contents: Uint8Array }[], name: string): Uint8Array {
  const file = files.find(({ path }) => path.endsWith(name));
  if (file === undefined) throw new Error(`the bundler made no ${name}`);
  return file.contents;
}
