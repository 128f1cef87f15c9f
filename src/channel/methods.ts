import * as z from 'zod/mini';
import { Fault } from '../fault/fault.ts';
import type { ChannelStream } from './channel-stream.ts';
import type { Connection, Open } from './connection.ts';
import { misfit } from './misfit.ts';

/** One thing a peer may ask for: its parameters' schema and what answers. */
export interface Method {
  accept(params: unknown, stream: ChannelStream): void;
}

/** A method that keeps its stream open and speaks its own conversation on it. */
export function conversation<T>(
  params: z.core.$ZodType<T>,
  handle: (params: T, stream: ChannelStream) => Promise<void> | void,
): Method {
  return {
    accept(raw, stream) {
      const parsed = z.safeParse(params, raw);
      if (!parsed.success) {
        stream.reset(new Fault('protocol-violation', `parameters do not fit: ${misfit(parsed.error)}`));
        return;
      }
      (async () => handle(parsed.data, stream))().catch((error: unknown) => stream.reset(asFault(error)));
    },
  };
}

/** A method that answers once. */
export function request<T>(
  params: z.core.$ZodType<T>,
  answer: (params: T) => Promise<unknown> | unknown,
): Method {
  return conversation(params, async (given, stream) => {
    stream.listen({});
    stream.send({ reply: (await answer(given)) ?? null });
    stream.end();
  });
}

/** Routes what a peer opens to the method of that name. */
export function serve(methods: Record<string, Method>): (open: Open, stream: ChannelStream) => void {
  return (open, stream) => {
    const method = Object.hasOwn(methods, open.method) ? methods[open.method] : undefined;
    if (method === undefined)
      stream.reset(new Fault('protocol-violation', `no method ${JSON.stringify(open.method)}`));
    else method.accept(open.params, stream);
  };
}

export interface CallOptions {
  /** milliseconds until the call is given up, default 30 000 */
  timeout?: number;
}

/**
 * Asks once and checks the answer.
 * @throws the peer's Fault; `guest-unreachable` on a timeout; `protocol-violation` for an answer that does not fit
 */
export function call<T>(
  connection: Connection,
  method: string,
  params: unknown,
  reply: z.core.$ZodType<T>,
  options: CallOptions = {},
): Promise<T> {
  const stream = connection.open(method, params);
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const limit = options.timeout ?? 30_000;
  const timer = setTimeout(
    () => stream.reset(new Fault('guest-unreachable', `${method} was not answered within ${limit / 1000} s`)),
    limit,
  );
  stream.listen({
    message(value) {
      const parsed = z.safeParse(z.object({ reply }), value);
      stream.end();
      if (parsed.success) resolve(parsed.data.reply as T);
      else
        reject(
          new Fault('protocol-violation', `the answer to ${method} does not fit: ${misfit(parsed.error)}`),
        );
    },
    end: () => stream.end(),
    closed: (error) => reject(error ?? new Fault('protocol-violation', `${method} ended without an answer`)),
  });
  return promise.finally(() => clearTimeout(timer));
}

function asFault(error: unknown): Fault {
  return error instanceof Fault
    ? error
    : new Fault('internal', error instanceof Error ? error.message : String(error), { cause: error });
}
