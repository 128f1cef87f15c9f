import { Fault } from '../fault/fault.ts';

/** What `depmod` wrote about one kernel's modules. */
export interface ModuleLists {
  /** `modules.dep`: `path: dependency dependency …` */
  dependencies: string;
  /** `modules.builtin`: one path per line */
  builtin: string;
}

/**
 * The module files to load for `wanted`, dependencies first, each once; what is built into the kernel needs none. Names match
 * whether they are written with `-` or `_`, like modprobe does. Paths are relative to the kernel's module folder.
 * @throws Fault `build-failed` when a module neither exists nor is built in
 */
export function loadOrder(
  lists: ModuleLists,
  wanted: readonly string[],
  ifThere: readonly string[] = [],
): string[] {
  const needs = parseDependencies(lists.dependencies);
  const byName = new Map([...needs.keys()].map((path) => [moduleName(path), path]));
  const builtin = new Set(lists.builtin.split('\n').map(moduleName));
  const order = new Set<string>();
  for (const name of [...ifThere, ...wanted]) {
    const path = byName.get(moduleName(name));
    if (path !== undefined) {
      // modules.dep lists all of them, transitively, the innermost last.
      for (const dependency of [...(needs.get(path) ?? [])].reverse()) order.add(dependency);
      order.add(path);
    } else if (!builtin.has(moduleName(name)) && !ifThere.includes(name)) {
      throw new Fault('build-failed', `the kernel has no module ${name}`);
    }
  }
  return [...order];
}

/** `kernel/fs/ext4/ext4.ko.xz` → `ext4` */
export function moduleName(path: string): string {
  return (path.split('/').at(-1) ?? path).replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_');
}

function parseDependencies(text: string): Map<string, string[]> {
  const lines = text.split('\n').filter((line) => line.includes(':'));
  return new Map(
    lines.map((line) => {
      const [path = '', rest = ''] = line.split(':');
      return [path, rest.split(' ').filter((part) => part !== '')];
    }),
  );
}
