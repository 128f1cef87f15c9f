import { join } from 'node:path';
import { FolderTree } from '../../../src/exchange/shared/guest-tree.ts';
import { SessionUndo } from '../../../src/exchange/undo/session-undo.ts';
import { exchangeOnce } from '../exchange-once.ts';
import { LINUX } from '../scene.ts';
import { install, watched } from './fs-calls.ts';

/** One exchange that kills its own process right before the call of that number; without one it says how many there are. */
const [home = '', at = ''] = process.argv.slice(2);
await install();
let calls = 0;
await watched(
  () => {
    if (calls === Number(at)) process.kill(process.pid, 'SIGKILL');
    calls += 1;
  },
  () =>
    exchangeOnce({
      root: join(home, 'host'),
      base: join(home, 'base.jsonl'),
      guest: new FolderTree(join(home, 'guest'), { session: 's1' }),
      session: 's1',
      host: LINUX,
      undo: new SessionUndo({ root: home, state: join(home, 'state') }, 's1', join(home, 'host')),
    }),
);
process.stdout.write(String(calls));
