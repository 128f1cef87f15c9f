import type { BuildOptions } from 'esbuild';

/** How the agent daemon becomes one module without imports of ours. */
export const AGENT_OPTIONS = {
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  legalComments: 'none',
  logLevel: 'silent',
} as const satisfies BuildOptions;
