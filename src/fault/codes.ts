/** Exit codes of the commands (design, "Commands"): scripts depend on them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  hostPrerequisite: 3,
  credentials: 4,
  guestUnreachable: 5,
  changesWait: 6,
  ourBug: 70,
  interrupted: 130,
  terminated: 143,
} as const;

/** Every error a person can meet, with the exit code it ends a command with. The codes are stable: `--json` carries them. */
export const FAULTS = {
  /** The command line is wrong. */
  usage: EXIT.usage,
  /** A settings, profile or manifest file does not fit its schema. */
  'config-invalid': EXIT.usage,
  /** The project folder is missing, is no folder, or must not be copied as a whole. */
  'project-unusable': EXIT.usage,
  'tool-unknown': EXIT.usage,
  'profile-unknown': EXIT.usage,
  'mode-unavailable': EXIT.usage,
  /** A program, package or file the host must have is missing. */
  'prerequisite-missing': EXIT.hostPrerequisite,
  'asset-missing': EXIT.hostPrerequisite,
  /** A file's digest is not the pinned one. */
  'asset-corrupt': EXIT.hostPrerequisite,
  'fetch-failed': EXIT.hostPrerequisite,
  'build-failed': EXIT.failed,
  'disk-full': EXIT.hostPrerequisite,
  'folder-unwritable': EXIT.hostPrerequisite,
  'credentials-missing': EXIT.credentials,
  'qemu-failed': EXIT.guestUnreachable,
  'boot-timeout': EXIT.guestUnreachable,
  /** A snapshot is torn, of another QEMU or cannot be loaded; what met it starts the guest cold instead. */
  'snapshot-unusable': EXIT.guestUnreachable,
  'guest-unreachable': EXIT.guestUnreachable,
  'machine-unknown': EXIT.usage,
  'machine-not-running': EXIT.guestUnreachable,
  'machine-busy': EXIT.failed,
  /** Another process is changing the project's files. */
  'project-busy': EXIT.failed,
  /** No session is known by that name, or none that changed the project. */
  'session-unknown': EXIT.usage,
  /** The supervisor went away in the middle of a request. */
  'supervisor-lost': EXIT.guestUnreachable,
  'protocol-violation': EXIT.guestUnreachable,
  'command-not-startable': EXIT.failed,
  'exchange-refused': EXIT.failed,
  'egress-refused': EXIT.failed,
  'check-failed': EXIT.failed,
  interrupted: EXIT.interrupted,
  internal: EXIT.ourBug,
} as const satisfies Record<string, number>;

export type FaultCode = keyof typeof FAULTS;
