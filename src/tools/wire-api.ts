/** The two provider protocols tools speak. */
export const WIRE_APIS = ['anthropic-messages', 'openai-responses'] as const;
export type WireApi = (typeof WIRE_APIS)[number];
