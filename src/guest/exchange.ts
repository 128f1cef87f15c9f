import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type * as z from 'zod/mini';
import { incoming } from '../channel/byte-flow.ts';
import type { ChannelStream } from '../channel/channel-stream.ts';
import {
  EXCHANGE_GET,
  EXCHANGE_PUT,
  EXCHANGE_SCAN,
  EXCHANGE_WATCH,
  ExchangeRequest,
  ScanRequest,
} from '../channel/messages/exchange.ts';
import { conversation, type Method } from '../channel/methods.ts';
import { FolderWatch } from '../exchange/shared/folder-watch.ts';
import { FolderTree } from '../exchange/shared/guest-tree.ts';
import { ignoreByDefault } from '../exchange/shared/ignore.ts';
import { makeFolders } from './place.ts';
import { PORTABLE } from './users.ts';

/** The guest's copy of one project, and who wants to know of its changes. */
interface Copy {
  tree: FolderTree;
  watch: FolderWatch;
  watchers: Set<ChannelStream>;
}

/** One per project: it remembers what its last scan saw. */
const copies = new Map<string, Copy>();

/** The guest's half of the exchange: a listing, items out, items in. */
export const exchangeMethods: Record<string, Method> = {
  [EXCHANGE_SCAN]: conversation(ScanRequest, (request, stream) =>
    send(copyAt(request).tree.scan(request), stream),
  ),
  [EXCHANGE_GET]: conversation(ExchangeRequest, (request, stream) =>
    send(copyAt(request).tree.get(incoming(stream)), stream),
  ),
  [EXCHANGE_PUT]: conversation(ExchangeRequest, (request, stream) =>
    send(copyAt(request).tree.put(incoming(stream)), stream),
  ),
  [EXCHANGE_WATCH]: conversation(ExchangeRequest, (request, stream) => tellChanges(copyAt(request), stream)),
};

function tellChanges({ watch, watchers }: Copy, stream: ChannelStream): void {
  if (watchers.size === 0) watch.begin();
  watchers.add(stream);
  stream.listen({
    closed: () => {
      watchers.delete(stream);
      if (watchers.size === 0) watch.close();
    },
  });
}

function copyAt({ root, session }: z.infer<typeof ExchangeRequest>): Copy {
  const known = copies.get(root);
  if (known !== undefined) return known;
  // Only what is above it: a missing root says that there is no copy yet, an empty one that it was emptied.
  makeFolders(dirname(root));
  const watchers = new Set<ChannelStream>();
  const watch = new FolderWatch(root, {
    recursive: false,
    ignore: ignoreByDefault,
    noticed: () => {
      for (const stream of watchers) stream.send(watch.blind === undefined ? {} : { blind: watch.blind });
    },
  });
  const tree = new FolderTree(root, {
    session,
    owner: { uid: PORTABLE.uid, gid: PORTABLE.gid },
    settle: syncFileSystem,
    watch,
  });
  const copy = { tree, watch, watchers };
  copies.set(root, copy);
  return copy;
}

/** One flush for all that was written, instead of one for each file, before the host records it as agreed. */
async function syncFileSystem(folder: string): Promise<void> {
  await promisify(execFile)('/bin/sync', ['-f', folder]);
}

async function send(bytes: AsyncIterable<Uint8Array>, stream: ChannelStream): Promise<void> {
  for await (const chunk of bytes) await stream.write(chunk);
  stream.end();
}
