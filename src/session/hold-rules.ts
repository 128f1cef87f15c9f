import type { HoldRules } from '../exchange/waiting.ts';
import type { ExchangeMode } from './request.ts';

/** What a person has set for exchanges. */
export interface ExchangeSettings {
  /** share of the agreed files above which removals by the guest wait */
  removals?: number | undefined;
}

/** Half a project is more than any ordinary change removes. */
const REMOVALS = 0.5;

/** What waits for a person under a way of exchanging. */
export function holdRules(settings: ExchangeSettings, mode: ExchangeMode): HoldRules {
  return {
    review: mode === 'review',
    quarantine: () => undefined,
    removals: settings.removals ?? REMOVALS,
  };
}
