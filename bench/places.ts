import { join } from 'node:path';
import type { Folder } from '../src/bundle/folder.ts';

/** Where the benchmarks keep their things: under the state folder, so git-ignored, and apart from the user's machines. */
export function benchPlaces(folder: Folder) {
  const home = join(folder.state, 'bench');
  return {
    home,
    lock: join(home, 'lock.db'),
    /** the portable folder with a state of its own: its machine is nobody else's */
    own: { root: folder.root, state: join(home, 'state') } satisfies Folder,
    /** names the temporary folder of the last run */
    scratch: join(home, 'scratch.txt'),
    results: join(home, 'results'),
    stock: (id: string) => join(home, 'stock', id),
    document: join(folder.root, 'docs', 'benchmarks.md'),
  };
}
