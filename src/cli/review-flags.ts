import { machineFlag } from './command.ts';
import { projectFlag } from './session-flags.ts';

export interface ReviewFlags {
  readonly json: boolean;
  readonly machine: string;
  readonly project?: string;
  readonly session?: string;
}

/** Flags of every command about changes that wait. */
export const reviewFlags = {
  machine: machineFlag,
  project: projectFlag,
  session: {
    kind: 'parsed',
    parse: String,
    brief: 'The project and machine of this session, instead',
    optional: true,
    placeholder: 'id',
  },
} as const;
