import type { Profile } from './profile.ts';
import type { WireApi } from './wire-api.ts';

/** How one coding agent is started: data and one small pure function. A new tool is one file and one registry line. */
export interface ToolAdapter {
  readonly name: string;
  /** its entry in `image/apps.json`, where package, version and digest are pinned */
  readonly app: string;
  /** the program inside its own mount */
  readonly program: string;
  /** what it is called on a host that has it, for `host-native` mode */
  readonly hostProgram: string;
  readonly api: WireApi;
  readonly defaultProfile: string;
  /** host variables that may carry its key; profiles choose among them or name their provider's own */
  readonly keyEnvironment: readonly string[];
  launch(request: LaunchRequest): Launch;
}

export interface LaunchRequest {
  /** in the guest, which is the sandbox, a tool asks nobody; on the host it keeps its own habits */
  readonly place: 'guest' | 'host';
  /** its placeholder port already filled in, see `withScriptedPort` */
  readonly profile: Profile;
  /** the host variable the key was found in; undefined when the profile needs none */
  readonly keyName: string | undefined;
  /** what the user wrote after `--` */
  readonly args: readonly string[];
  /** a person sits at a terminal */
  readonly interactive: boolean;
  /** the guest's processor is emulated in software */
  readonly emulated: boolean;
  /** the project folder as the tool sees it */
  readonly cwd: string;
  /** where the tool keeps its settings and sessions; undefined leaves the host user's own alone */
  readonly configFolder: string | undefined;
}

export interface Launch {
  readonly argv: readonly [program: string, ...args: string[]];
  /** never a secret */
  readonly env: Readonly<Record<string, string>>;
  /** variable of the tool → host variable whose value it must get; values are joined only in memory, at the start */
  readonly secrets: Readonly<Record<string, string>>;
  /** small files to have in the config folder before the start; never a secret */
  readonly files: readonly ConfigFile[];
}

export interface ConfigFile {
  /** relative to the config folder */
  readonly path: string;
  readonly content: string;
  /** `absent` leaves alone what the tool has written there since */
  readonly when: 'absent' | 'always';
}

/** Where the app disk of a tool is mounted in the guest, read-only. */
export function appMount(tool: string): string {
  return `/opt/pcoder/apps/${tool}`;
}

/** Where a tool keeps its settings and sessions in the guest. */
export function guestConfigFolder(tool: string): string {
  return `/home/portable/.pcoder-auth/${tool}`;
}

/** The program to start: in the guest the mounted one, on the host a name to be looked up on its PATH. */
export function programFor(adapter: ToolAdapter, place: LaunchRequest['place']): string {
  return place === 'guest' ? `${appMount(adapter.name)}/${adapter.program}` : adapter.hostProgram;
}

/** Whether a user wrote this option, as `--flag`, `--flag value` or `--flag=value`. */
export function hasFlag(args: readonly string[], ...flags: string[]): boolean {
  return args.some((arg) => flags.some((flag) => arg === flag || arg.startsWith(`${flag}=`)));
}
