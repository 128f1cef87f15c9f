import { machineFlag } from './command.ts';

export interface ReviewFlags {
  readonly json: boolean;
  readonly machine: string;
  readonly project?: string;
  readonly session?: string;
}

/** Flags of every command about changes that wait. */
export const reviewFlags = {
  machine: machineFlag,
  project: {
    kind: 'parsed',
    parse: String,
    brief: 'Project folder, instead of the current one',
    optional: true,
    placeholder: 'dir',
  },
  session: {
    kind: 'parsed',
    parse: String,
    brief: 'The project and machine of this session, instead',
    optional: true,
    placeholder: 'id',
  },
} as const;
