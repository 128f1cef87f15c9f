import { visible } from '../../fault/visible.ts';
import { isWindowsName } from '../host-name.ts';
import { foldName } from '../shared/fold-name.ts';
import { checkName } from '../shared/path.ts';

/**
 * Whether what follows `refs/heads/` may be part of a ref of the host. Stricter than git (`git check-ref-format`): no part can be taken for
 * an option, a lock, another spelling or a device, on any host the repository may come to.
 */
export function isPlainRefName(name: string): boolean {
  if (name === '' || Buffer.byteLength(name) > 200 || visible(name) !== name) return false;
  // `@{` and `..` are operators, `refs/heads/` was removed once and is not removed twice.
  if (name.includes('..') || name.includes('@{') || name === '@' || name.startsWith('refs/')) return false;
  return name.split('/').every(isPlainPart);
}

function isPlainPart(part: string): boolean {
  if (checkName(part) !== undefined || !isWindowsName(part)) return false;
  return !/^[-.]|[.]$|[.]lock$|[\s~^:?*[\\]/i.test(part);
}

/** The names that can stand beside those before them: a ref is a file, so none may be another's folder or another's other spelling. */
export class TakenNames {
  readonly #names = new Set<string>();
  readonly #folders = new Set<string>();

  /** @returns whether it was free */
  take(name: string): boolean {
    const folded = foldName(name);
    const parts = folded.split('/');
    const folders = parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join('/'));
    const isFree =
      !this.#names.has(folded) &&
      !this.#folders.has(folded) &&
      folders.every((folder) => !this.#names.has(folder));
    if (!isFree) return false;
    this.#names.add(folded);
    for (const folder of folders) this.#folders.add(folder);
    return true;
  }
}
