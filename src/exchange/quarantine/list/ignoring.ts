import type { RuleSet } from '../rules.ts';

export const IGNORING: readonly RuleSet[] = [
  {
    by: 'the exchange',
    reason: 'it says which files of the project the guest is given',
    paths: ['.pcoderignore'],
  },
  {
    by: 'the exchange',
    reason: 'it would give the guest files that were kept from it',
    paths: ['.gitignore'],
    byContent: true,
  },
];
