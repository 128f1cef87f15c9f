/**
 * The id of a tool call carries its step, so a conversation says itself where it stands and the server keeps nothing
 * between requests.
 */
export function callId(prefix: string, step: number, nonce: string): string {
  return `${prefix}_pcoder_${step}_${nonce}`;
}

/** The step of one of our calls; undefined for anyone else's. */
export function stepOf(id: string): number | undefined {
  const step = /_pcoder_(\d{1,4})_/.exec(id)?.[1];
  return step === undefined ? undefined : Number(step);
}
