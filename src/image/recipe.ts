import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import data from '../../image/recipe.json' with { type: 'json' };
import { Fault } from '../fault/fault.ts';

const packages = z.array(z.string().check(z.regex(/^[a-z0-9][a-z0-9.+-]*$/))).check(z.maxLength(300));
const names = z.array(z.string().check(z.regex(/^[\w@.-]+$/))).check(z.maxLength(200));

const suite = z.object({
  distribution: z.enum(['debian', 'ubuntu']),
  /** the release's code name */
  suite: z.string().check(z.regex(/^[a-z]+$/)),
  components: packages,
  /** which package holds the keys that sign the release, and where in it */
  keyring: z.object({ package: z.string(), path: z.string().check(z.regex(/^(?!\/)(?!.*\.\.)/)) }),
  /** the package that names the current kernel, and which of its dependencies are the kernel itself */
  kernel: z.object({ package: z.string(), pattern: z.string() }),
  packages,
});

export const recipeSchema = z.object({
  format: z.literal(1),
  version: z.int().check(z.gte(1)),
  disk: z.object({
    gibibytes: z.int().check(z.gte(2), z.lte(1024)),
    journalMebibytes: z.int().check(z.gte(4), z.lte(1024)),
  }),
  npm: z.array(
    z.object({ role: z.enum(['node', 'npm']), name: z.string(), version: z.string(), integrity: z.string() }),
  ),
  /** what the initramfs must bring to see and mount the root disk */
  modules: names,
  /** the same, where this kernel has them as modules at all */
  modulesIfThere: names,
  packages,
  /** paths dpkg leaves out */
  exclude: z.array(z.string()),
  /** units that only cost time in a machine without a network card, a screen or a clock to set */
  masked: names,
  suites: z.record(z.string().check(z.regex(/^[a-z0-9.-]+$/)), suite),
});

export type Recipe = z.infer<typeof recipeSchema>;
export type SuiteRecipe = z.infer<typeof suite>;

/** A recipe for one suite, with the files it uses and the name of the image it makes. */
export interface ImagePlan {
  suite: string;
  recipe: Recipe;
  release: SuiteRecipe;
  /** `image/`: rootfs files, customize.sh, init.sh */
  home: string;
  /** over the recipe as it applies to this suite and every file it uses */
  sha256: string;
  /** of the image it makes */
  id: string;
}

export const SUITES = ['ubuntu-24.04', 'debian-13'] as const;

/** @throws Fault `usage` for a suite the recipe does not know */
export async function planImage(suite: string): Promise<ImagePlan> {
  const recipe = recipeSchema.parse(data);
  const release = recipe.suites[suite];
  if (release === undefined) {
    throw new Fault('usage', `there is no suite ${suite}`, {
      hint: `choose one of ${Object.keys(recipe.suites).join(', ')}`,
    });
  }
  const home = fileURLToPath(new URL('../../image/', import.meta.url));
  const hash = createHash('sha256').update(JSON.stringify({ ...recipe, suites: { [suite]: release } }));
  for (const file of await filesOf(home)) hash.update(`\0${file}\0`).update(await readFile(join(home, file)));
  const sha256 = hash.digest('hex');
  return { suite, recipe, release, home, sha256, id: `${suite}-${sha256.slice(0, 12)}` };
}

async function filesOf(home: string): Promise<string[]> {
  const entries = await readdir(join(home, 'rootfs'), { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(home, join(entry.parentPath, entry.name)));
  return ['customize.sh', 'init.sh', ...files.sort()];
}
