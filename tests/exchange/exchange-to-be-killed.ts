import { join } from 'node:path';
import { exchangeOnce } from '../../src/exchange/exchange-once.ts';
import { FolderTree } from '../../src/exchange/shared/guest-tree.ts';
import { LINUX } from './scene.ts';

/** One exchange that kills its own process right before the change of that number. */
const [home = '', at = ''] = process.argv.slice(2);
let count = 0;
const effect = () => {
  if (count === Number(at)) process.kill(process.pid, 'SIGKILL');
  count += 1;
};
await exchangeOnce({
  root: join(home, 'host'),
  base: join(home, 'base.jsonl'),
  guest: new FolderTree(join(home, 'guest'), { session: 's1', effect }),
  session: 's1',
  host: LINUX,
  effect,
});
