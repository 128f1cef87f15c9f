import * as z from 'zod/mini';
import data from '../../../image/apps.json' with { type: 'json' };
import { Fault } from '../../fault/fault.ts';

const text = z.string().check(z.minLength(1), z.maxLength(200));

/** Which build of a tool is used: one npm package that needs no other, at one version, with one content. */
export const appPin = z.object({
  package: text,
  /** the tool's own version */
  version: z.string().check(z.regex(/^[\w.+-]{1,60}$/)),
  /** the npm version, which may name the platform too */
  npmVersion: text,
  /** `npm view <package>@<npmVersion> dist.integrity` */
  integrity: text,
  /** the program inside the package */
  program: z.string().check(z.regex(/^(?!\/)(?!.*\.\.)/), z.maxLength(300)),
});
export type AppPin = z.infer<typeof appPin>;

export const appPins = z.object({
  format: z.literal(1),
  apps: z.record(z.string().check(z.regex(/^[a-z][a-z0-9-]*$/)), appPin),
});

/** @throws Fault `tool-unknown` */
export function pinOf(tool: string): AppPin {
  const { apps } = appPins.parse(data);
  const pin = Object.hasOwn(apps, tool) ? apps[tool] : undefined;
  if (pin !== undefined) return pin;
  throw new Fault('tool-unknown', `no build of ${tool} is pinned`, {
    hint: `choose one of ${Object.keys(apps).join(', ')}`,
  });
}
