import type { ChannelStream } from '../../src/channel/channel-stream.ts';
import { EXEC, ExecRequest } from '../../src/channel/messages/exec.ts';
import { conversation, serve } from '../../src/channel/methods.ts';
import { type Exit, runInGuest } from '../../src/session/bridge.ts';
import { CommandFace } from '../../src/session/command-face.ts';
import { Line } from '../channel/line.ts';

export const REQUEST = { argv: ['program'], cwd: '/', env: {}, user: 'portable' } as const;

/** A command, the session in the middle, and a guest whose program a test plays: two real sockets. */
export class Scene implements AsyncDisposable {
  readonly #lines: [Line, Line];
  /** the command's end */
  readonly command: ChannelStream;
  /** the session's side of the command */
  readonly face: CommandFace;
  readonly exit: Promise<Exit>;
  readonly #program = Promise.withResolvers<ChannelStream>();

  private constructor(
    lines: [Line, Line],
    { command, face }: { command: ChannelStream; face: CommandFace },
    exit: Promise<Exit>,
  ) {
    this.#lines = lines;
    this.command = command;
    this.face = face;
    this.exit = exit;
    exit.catch(() => {});
  }

  /** `before` runs when the command has asked and the program is not yet started. */
  static async set(before: (command: ChannelStream) => Promise<void> = async () => {}): Promise<Scene> {
    const asked = Promise.withResolvers<CommandFace>();
    const program = Promise.withResolvers<ChannelStream>();
    const toSession = await Line.join({ guest: (_open, stream) => asked.resolve(new CommandFace(stream)) });
    const toGuest = await Line.join({
      guest: serve({ [EXEC]: conversation(ExecRequest, (_request, stream) => program.resolve(stream)) }),
    });
    const command = toSession.host.open('session', {});
    const face = await asked.promise;
    await before(command);
    const scene = new Scene(
      [toSession, toGuest],
      { command, face },
      runInGuest(toGuest.host, { ...REQUEST, argv: ['program'] }, face),
    );
    program.promise.then(scene.#program.resolve);
    return scene;
  }

  /** the program's end, in the guest */
  program(): Promise<ChannelStream> {
    return this.#program.promise;
  }

  loseGuest(): void {
    for (const socket of this.#lines[1].sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const line of this.#lines) await line[Symbol.asyncDispose]();
  }
}
