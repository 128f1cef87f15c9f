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
  // Instead of the checkout's, which a copied folder may lack: a snapshot fits the very same daemon only.
  tsconfigRaw: { compilerOptions: { alwaysStrict: true } },
  logLevel: 'silent',
} as const satisfies BuildOptions;
