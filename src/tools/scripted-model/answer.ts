/** What one API's handler answers to one request, not yet on the wire. */
export type Answer =
  | { kind: 'json'; status: number; body: unknown }
  | { kind: 'events'; events: readonly ServerEvent[] };

/** One server-sent event; its name is the payload's `type`, as both APIs have it. */
export type ServerEvent = Readonly<{ type: string }> & Readonly<Record<string, unknown>>;

export function json(body: unknown, status = 200): Answer {
  return { kind: 'json', status, body };
}

/** Ends without `data: [DONE]`: neither API sends it. */
export function encodeEvents(events: readonly ServerEvent[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}
