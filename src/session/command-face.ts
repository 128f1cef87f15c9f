import * as z from 'zod/mini';
import type { ChannelStream } from '../channel/channel-stream.ts';
import { ExecControl } from '../channel/messages/exec.ts';
import { Fault } from '../fault/fault.ts';

export interface FaceListener {
  data(chunk: Uint8Array): void;
  end(): void;
  control(control: ExecControl): void;
  gone(): void;
}

/** The command's end of a session. It listens from the first moment, so that a command that goes away early is noticed. */
export class CommandFace {
  readonly stream: ChannelStream;
  #listener: FaceListener | undefined;
  #early: ((listener: FaceListener) => void)[] = [];
  #gone = false;
  readonly #goneSignal = new AbortController();

  constructor(stream: ChannelStream) {
    this.stream = stream;
    stream.listen({
      message: (value) => {
        const control = z.safeParse(ExecControl, value);
        if (control.success) this.#deliver((listener) => listener.control(control.data));
      },
      data: (chunk) => this.#deliver((listener) => listener.data(chunk)),
      end: () => this.#deliver((listener) => listener.end()),
      closed: () => {
        this.#gone = true;
        this.#goneSignal.abort(new Fault('interrupted', 'the command that asked has gone'));
        this.#deliver((listener) => listener.gone());
      },
    });
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** aborts when the command has gone */
  get signal(): AbortSignal {
    return this.#goneSignal.signal;
  }

  attach(listener: FaceListener): void {
    this.#listener = listener;
    for (const deliver of this.#early.splice(0)) deliver(listener);
  }

  /** What comes from now on is thrown away, its credit given back. */
  detach(): void {
    this.#listener = {
      data: (chunk) => this.stream.consumed(chunk.byteLength),
      end: () => {},
      control: () => {},
      gone: () => {},
    };
  }

  /** Tells the command something, if it still listens. */
  tell(message: unknown): void {
    if (!this.stream.closed) this.stream.send(message);
  }

  #deliver(event: (listener: FaceListener) => void): void {
    if (this.#listener === undefined) this.#early.push(event);
    else event(this.#listener);
  }
}
