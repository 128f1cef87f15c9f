import * as z from 'zod/mini';
import recipe from '../../../image/qemu.json' with { type: 'json' };

const names = z.array(z.string().check(z.regex(/^[a-z0-9][a-z0-9.+-]*$/))).check(z.maxLength(200));

export const qemuRecipeSchema = z.object({
  format: z.literal(1),
  /** the versions accepted: `10.0` takes 10.0.13, not 10.1 */
  series: z.string().check(z.regex(/^\d+\.\d+$/)),
  distribution: z.literal('debian'),
  suite: z.string().check(z.regex(/^[a-z]+$/)),
  components: z.array(z.string()).check(z.maxLength(8)),
  packages: names,
  /** dependencies that only matter to an installed system */
  skip: names,
  /** what stays of the unpacked tree */
  keep: z.array(z.string().check(z.regex(/^(?!\/)(?!.*\.\.)/))).check(z.maxLength(100)),
});

export type QemuRecipe = z.infer<typeof qemuRecipeSchema>;

export function qemuRecipe(): QemuRecipe {
  return qemuRecipeSchema.parse(recipe);
}
