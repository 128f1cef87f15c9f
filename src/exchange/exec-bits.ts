import type { Tree } from './shared/entry.ts';

/** On a host without the executable bit, a file has the bit it was last agreed to have. Changes the tree. */
export function withKnownExec(host: Tree, base: Tree): void {
  for (const [path, entry] of host) {
    if (entry.type !== 'file') continue;
    const agreed = base.get(path);
    const exec = agreed?.type === 'file' && agreed.exec;
    if (entry.exec !== exec) host.set(path, { ...entry, exec });
  }
}
