import type { BuildOptions } from 'esbuild';

/** How the agent daemon becomes one module without imports of ours. */
export const AGENT_OPTIONS = {
  bundle: true,
  minify: true,
  platform: 'node',
  // Starts earlier in an emulated guest than an ECMAScript module does, and is what a start-up snapshot can be made of.
  format: 'cjs',
  target: 'node24',
  legalComments: 'none',
  logLevel: 'silent',
} as const satisfies BuildOptions;
