import { fileURLToPath } from 'node:url';
import { Fault } from '../fault/fault.ts';

/** Bundles the daemon from source (about 50 ms). It is not part of the image, so a new program works with an old image. */
export async function buildAgent(): Promise<Uint8Array> {
  const entry = fileURLToPath(new URL('../guest/agentd.ts', import.meta.url));
  try {
    // Loaded when needed; the synchronous form leaves no service process behind.
    const { buildSync } = await import('esbuild');
    const result = buildSync({
      entryPoints: [entry],
      bundle: true,
      minify: true,
      write: false,
      platform: 'node',
      format: 'esm',
      target: 'node24',
      legalComments: 'none',
      logLevel: 'silent',
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
