import {
  type ConfigFile,
  hasFlag,
  type Launch,
  type LaunchRequest,
  programFor,
  type ToolAdapter,
} from './adapter.ts';
import { guestBaseUrl, hostBaseUrl, SCRIPTED_KEY } from './endpoint.ts';

/** Claude Code, the `-linux-x64` npm package: one executable. */
export const claude: ToolAdapter = {
  name: 'claude',
  app: 'claude',
  program: 'claude',
  hostProgram: 'claude',
  api: 'anthropic-messages',
  defaultProfile: 'anthropic',
  keyEnvironment: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
  launch: (request) => (request.place === 'guest' ? guestLaunch(request) : hostLaunch(request)),
};

/**
 * The variable a key travels in when it cannot be ANTHROPIC_API_KEY: interactive Claude Code stops at a dialog for an
 * unknown key there, and the only stored consent is the key's own last 20 characters, which must not reach a file.
 */
const HELPER_VARIABLE = 'PCODER_CLAUDE_KEY';

function guestLaunch(request: LaunchRequest): Launch {
  const { args, configFolder } = request;
  return {
    argv: [programFor(claude, 'guest'), ...options(request), ...args],
    env: {
      ...(configFolder === undefined ? {} : { CLAUDE_CONFIG_DIR: configFolder }),
      ...providerEnvironment(request, guestBaseUrl(request.profile, claude.api)),
      DISABLE_AUTOUPDATER: '1',
      DISABLE_INSTALLATION_CHECKS: '1',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1',
      // Whoever started a session on this project trusts it, and the guest holds nothing else: no trust dialog.
      CLAUDE_CODE_SANDBOXED: '1',
      // Emulated processors pay for compiling twice: 4.9 s become 3.5–4.0 s for one short conversation.
      ...(request.emulated ? { BUN_JSC_useDFGJIT: '0' } : {}),
    },
    secrets: secretsOf(request),
    files: FIRST_RUN_FILES,
  };
}

/** Options of a session in the guest; the user's own come after them and none is said twice. */
function options(request: LaunchRequest): string[] {
  const { args } = request;
  if (SUBCOMMANDS.has(args[0] ?? '') || QUESTIONS.has(args[0] ?? '')) return [];
  const consent = hasFlag(args, '--dangerously-skip-permissions', '--permission-mode', '--restricted');
  const settings = hasFlag(args, '--settings') ? {} : sessionSettings(request);
  return [
    ...(consent ? [] : ['--dangerously-skip-permissions']),
    ...(Object.keys(settings).length === 0 ? [] : ['--settings', JSON.stringify(settings)]),
  ];
}

/** On the command line and not in settings.json, which sessions that run at the same time share. */
function sessionSettings(request: LaunchRequest): Record<string, unknown> {
  const { scripted, models } = request.profile;
  const model = models[claude.name];
  // With -p it warns of a model it does not know; at a terminal it would show the name declared here, not the true one.
  const declared = scripted && !request.interactive && model !== undefined;
  return {
    ...(keyVariable(request) === HELPER_VARIABLE ? { apiKeyHelper: `printenv ${HELPER_VARIABLE}` } : {}),
    ...(declared ? { modelOverrides: { 'claude-opus-5-5': model } } : {}),
  };
}

function hostLaunch(request: LaunchRequest): Launch {
  const ownAccount = request.profile.name === claude.defaultProfile;
  return {
    argv: [programFor(claude, 'host'), ...request.args],
    env: {
      ...(request.configFolder === undefined ? {} : { CLAUDE_CONFIG_DIR: request.configFolder }),
      ...(ownAccount ? {} : providerEnvironment(request, hostBaseUrl(request.profile, claude.api))),
    },
    secrets: ownAccount ? {} : secretsOf({ ...request, interactive: false }),
    files: request.configFolder === undefined ? [] : FIRST_RUN_FILES,
  };
}

function providerEnvironment({ profile }: LaunchRequest, baseUrl: string): Record<string, string> {
  const model = profile.models[claude.name];
  return {
    ANTHROPIC_BASE_URL: baseUrl,
    ...(model === undefined ? {} : { ANTHROPIC_MODEL: model, ANTHROPIC_DEFAULT_HAIKU_MODEL: model }),
    ...(profile.scripted
      ? { ANTHROPIC_AUTH_TOKEN: SCRIPTED_KEY, CLAUDE_CODE_MAX_CONTEXT_TOKENS: '200000' }
      : {}),
  };
}

function secretsOf(request: LaunchRequest): Record<string, string> {
  const variable = keyVariable(request);
  return variable === undefined || request.keyName === undefined ? {} : { [variable]: request.keyName };
}

function keyVariable({ keyName, interactive, profile }: LaunchRequest): string | undefined {
  if (keyName === undefined || profile.scripted) return undefined;
  if (keyName === 'ANTHROPIC_API_KEY') return interactive ? HELPER_VARIABLE : keyName;
  // Another provider's own variable: providers that copy this API take the key as a bearer token.
  return claude.keyEnvironment.includes(keyName) ? keyName : 'ANTHROPIC_AUTH_TOKEN';
}

/** Answers to the dialogs of a first run: theme and security notes, the bypass warning. */
const FIRST_RUN_FILES: readonly ConfigFile[] = [
  { path: '.claude.json', content: '{"hasCompletedOnboarding":true,"theme":"dark"}\n', when: 'absent' },
  { path: 'settings.json', content: '{"skipDangerousModePermissionPrompt":true}\n', when: 'absent' },
];

/** Alone on the command line its version is answered without loading the rest of the program: 0.15 s emulated instead of 1.2 s. */
const QUESTIONS = new Set(['--version', '-v', '--help', '-h']);

/** `claude mcp list` and its like are not sessions and refuse session options. */
const SUBCOMMANDS = new Set([
  'agents',
  'attach',
  'auth',
  'auto-mode',
  'doctor',
  'gateway',
  'import',
  'install',
  'logs',
  'mcp',
  'plugin',
  'plugins',
  'purge',
  'respawn',
  'rm',
  'setup-token',
  'stop',
  'kill',
  'ultrareview',
  'update',
  'upgrade',
]);
