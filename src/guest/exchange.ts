import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type * as z from 'zod/mini';
import { incoming } from '../channel/byte-flow.ts';
import type { ChannelStream } from '../channel/channel-stream.ts';
import {
  EXCHANGE_FILL,
  EXCHANGE_GET,
  EXCHANGE_PUT,
  EXCHANGE_SCAN,
  ExchangeRequest,
} from '../channel/messages/exchange.ts';
import { conversation, type Method } from '../channel/methods.ts';
import { FolderTree } from '../exchange/shared/guest-tree.ts';
import { makeFolders } from './place.ts';
import { PORTABLE } from './users.ts';

/** One per project: it remembers what its last scan saw. */
const trees = new Map<string, FolderTree>();

/** The guest's half of the exchange: a listing, items out, items in. */
export const exchangeMethods: Record<string, Method> = {
  [EXCHANGE_SCAN]: conversation(ExchangeRequest, (request, stream) =>
    send(treeAt(request).scan(incoming(stream)), stream),
  ),
  [EXCHANGE_GET]: conversation(ExchangeRequest, (request, stream) =>
    send(treeAt(request).get(incoming(stream)), stream),
  ),
  [EXCHANGE_PUT]: conversation(ExchangeRequest, (request, stream) =>
    send(treeAt(request).put(incoming(stream)), stream),
  ),
  [EXCHANGE_FILL]: conversation(ExchangeRequest, (request, stream) =>
    send(treeAt(request).fill(incoming(stream)), stream),
  ),
};

function treeAt({ root, session }: z.infer<typeof ExchangeRequest>): FolderTree {
  const known = trees.get(root);
  if (known !== undefined) return known;
  // Only what is above it: a missing root says that there is no copy yet, an empty one that it was emptied.
  makeFolders(dirname(root));
  const tree = new FolderTree(root, {
    session,
    owner: { uid: PORTABLE.uid, gid: PORTABLE.gid },
    settle: syncFileSystem,
  });
  trees.set(root, tree);
  return tree;
}

/** One flush for all that was written, instead of one for each file, before the host records it as agreed. */
async function syncFileSystem(folder: string): Promise<void> {
  await promisify(execFile)('/bin/sync', ['-f', folder]);
}

async function send(bytes: AsyncIterable<Uint8Array>, stream: ChannelStream): Promise<void> {
  for await (const chunk of bytes) await stream.write(chunk);
  stream.end();
}
