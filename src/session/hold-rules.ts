import { Quarantine, type QuarantineSettings } from '../exchange/quarantine/quarantine.ts';
import type { HoldRules } from '../exchange/waiting.ts';

/** What a person has set for exchanges. */
export interface ExchangeSettings {
  /** share of the agreed files above which removals by the guest wait */
  removals?: number | undefined;
  quarantine?: QuarantineSettings | undefined;
}

/** Half a project is more than any ordinary change removes. */
const REMOVALS = 0.5;

/** What waits for a person, however a session exchanges. */
export function holdRules({ removals, quarantine }: ExchangeSettings): HoldRules {
  return { review: false, quarantine: new Quarantine(quarantine), removals: removals ?? REMOVALS };
}

/** What waits besides when a session is under review. */
export const REVIEW: HoldRules = { review: true, quarantine: undefined, removals: 1 };
