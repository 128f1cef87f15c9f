import { incoming } from '../channel/byte-flow.ts';
import type { ChannelStream } from '../channel/channel-stream.ts';
import {
  GIT_BRING,
  GIT_PACK,
  GIT_REFS,
  GIT_STATE,
  GitRefsRequest,
  GitRequest,
} from '../channel/messages/git.ts';
import { conversation, type Method, request } from '../channel/methods.ts';
import { GuestRepository } from './git-repository.ts';
import { PORTABLE } from './users.ts';

/** The daemon's own notes and what is on its way; not below the home of a user who could put links there. */
const HOME = '/var/lib/pcoder/git';

/** The guest's half of git: what is there, a delivery in, a pack out. */
export function gitMethods(repositoryAt = ofGuestUser): Record<string, Method> {
  return {
    [GIT_STATE]: request(GitRequest, (given) => repositoryAt(given.root).state()),
    [GIT_REFS]: conversation(GitRefsRequest, ({ root, of }, stream) =>
      send(repositoryAt(root).refs(of), stream),
    ),
    [GIT_BRING]: conversation(GitRequest, async ({ root }, stream) => {
      const reply = await repositoryAt(root).bring(incoming(stream));
      stream.send({ reply });
      stream.end();
    }),
    [GIT_PACK]: conversation(GitRequest, ({ root }, stream) =>
      send(repositoryAt(root).pack(incoming(stream)), stream),
    ),
  };
}

function ofGuestUser(root: string): GuestRepository {
  return new GuestRepository(root, { home: HOME, as: { uid: PORTABLE.uid, gid: PORTABLE.gid } });
}

async function send(bytes: AsyncIterable<Uint8Array>, stream: ChannelStream): Promise<void> {
  for await (const chunk of bytes) await stream.write(chunk);
  stream.end();
}
