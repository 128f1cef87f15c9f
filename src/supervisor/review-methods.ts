import type { Progress } from '../bundle/progress.ts';
import type { ChannelStream } from '../channel/channel-stream.ts';
import { conversation, type Method } from '../channel/methods.ts';
import { decideWaiting, listWaiting, type WaitingChange } from '../session/review.ts';
import { summarize } from '../session/summary.ts';
import { CHANGES, ChangesRequest, DECIDE, DecideRequest } from './protocol.ts';
import type { Supervisor } from './supervisor.ts';

/** What a command may ask about changes of the guest that wait for a person. */
export function reviewMethods(supervisor: Supervisor): Record<string, Method> {
  return {
    [CHANGES]: conversation(ChangesRequest, async ({ project, paths, diff }, stream) => {
      const { progress, signal } = listen(stream);
      const changes = await supervisor.withProject(project, progress, signal, (link) =>
        listWaiting(link, paths, diff),
      );
      for (const change of changes) sendChange(stream, change);
      stream.end();
    }),
    [DECIDE]: conversation(DecideRequest, async ({ project, goal, paths, unseen }, stream) => {
      const { progress, signal } = listen(stream);
      const decided = await supervisor.withProject(project, progress, signal, (link) =>
        decideWaiting(link, goal, paths, unseen),
      );
      const left = decided.unseen.slice(0, NAMED);
      stream.send({ type: 'unseen', paths: left, more: decided.unseen.length - left.length });
      stream.send({ type: 'report', ...summarize(decided.report, { all: decided.waiting, fresh: 0 }) });
      stream.end();
    }),
  };
}

/** Paths told one by one: all must fit into one message. */
const NAMED = 50;

/** Characters of a diff that fit into one message, however they are escaped in it. */
const PIECE = 40_000;

function sendChange(stream: ChannelStream, { path, change, type, reason, diff }: WaitingChange): void {
  const pieces: string[] = [];
  for (let at = 0; at < (diff?.length ?? 0); at += PIECE) pieces.push(diff?.slice(at, at + PIECE) ?? '');
  stream.send({ type: 'change', path, change, kind: type, reason, pieces: pieces.length });
  for (const text of pieces) stream.send({ type: 'piece', text });
}

function listen(stream: ChannelStream): { progress: Progress; signal: AbortSignal } {
  const gone = new AbortController();
  stream.listen({ closed: () => gone.abort() });
  return {
    progress: (event) => stream.closed || stream.send({ type: 'progress', event }),
    signal: gone.signal,
  };
}
