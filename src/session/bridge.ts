import * as z from 'zod/mini';
import type { Connection } from '../channel/connection.ts';
import { EXEC, ExecEvent, type ExecRequest } from '../channel/messages/exec.ts';
import { Fault } from '../fault/fault.ts';
import type { CommandFace } from './command-face.ts';

export interface Exit {
  code: number | null;
  signal: string | null;
}

/**
 * Runs a program in the guest with its input and output joined to the command that asked. When that command goes away the program is hung
 * up on, as a lost terminal would.
 * @throws the guest's Fault when it cannot be started or the guest is lost
 */
export function runInGuest(connection: Connection, request: ExecRequest, face: CommandFace): Promise<Exit> {
  const guest = connection.open(EXEC, request);
  const { promise, resolve, reject } = Promise.withResolvers<Exit>();
  let writing = Promise.resolve();
  face.attach({
    data: (chunk) => {
      guest.write(chunk).then(
        () => face.stream.consumed(chunk.byteLength),
        () => face.stream.consumed(chunk.byteLength),
      );
    },
    end: () => guest.end(),
    control: (control) => {
      if (!guest.closed) guest.sendAhead(control);
    },
    gone: () => guest.reset(new Fault('interrupted', 'the command that asked has gone')),
  });
  guest.listen({
    message: (value) => {
      const event = z.safeParse(ExecEvent, value);
      if (!event.success)
        return guest.reset(
          new Fault('protocol-violation', 'the agent daemon sent an event that does not fit'),
        );
      if (event.data.type === 'started') return face.tell({ type: 'started' });
      const { code, signal } = event.data;
      // Output still under way to the command comes before its exit.
      writing.then(() => resolve({ code, signal }));
    },
    data: (chunk, lane) => {
      const sent = face.stream.closed ? Promise.resolve() : face.stream.write(chunk, lane).catch(() => {});
      writing = Promise.all([writing, sent.then(() => guest.consumed(chunk.byteLength))]).then(() => {});
    },
    closed: (error) => {
      face.detach();
      // A clean end comes right behind the exit event.
      writing.then(() =>
        reject(
          error ?? new Fault('guest-unreachable', 'the agent daemon ended the program without an exit code'),
        ),
      );
    },
  });
  return promise;
}
