import {
  type ConfigFile,
  hasFlag,
  type Launch,
  type LaunchRequest,
  programFor,
  type ToolAdapter,
} from './adapter.ts';
import { guestBaseUrl, hostBaseUrl, SCRIPTED_KEY } from './endpoint.ts';
import type { Profile } from './profile.ts';

/** Codex CLI, the `-linux-x64` npm package: a static executable and its helpers in one folder. */
export const codex: ToolAdapter = {
  name: 'codex',
  app: 'codex',
  program: 'vendor/x86_64-unknown-linux-musl/bin/codex',
  hostProgram: 'codex',
  api: 'openai-responses',
  defaultProfile: 'openai',
  keyEnvironment: ['OPENAI_API_KEY', 'CODEX_API_KEY'],
  launch: (request) => (request.place === 'guest' ? guestLaunch(request) : hostLaunch(request)),
};

/** Everything is said on the command line, in force whatever the tool writes into its own config.toml. */
function guestLaunch(request: LaunchRequest): Launch {
  const provider = providerSettings(request, guestBaseUrl(request.profile, codex.api));
  return launchWith(request, [...provider, ...GUEST_SETTINGS, trust(request.cwd)], bypass(request.args));
}

function hostLaunch(request: LaunchRequest): Launch {
  if (request.profile.name === codex.defaultProfile)
    return launchWith({ ...request, keyName: undefined }, [], []);
  return launchWith(request, providerSettings(request, hostBaseUrl(request.profile, codex.api)), []);
}

function launchWith(request: LaunchRequest, settings: string[], consent: string[]): Launch {
  const { place, args, configFolder, profile } = request;
  const files = scriptedCatalog(profile);
  const catalog = files.map((file) => `model_catalog_json=${JSON.stringify(`${configFolder}/${file.path}`)}`);
  const options = [...settings, ...(configFolder === undefined ? [] : catalog)].flatMap((setting) => [
    '-c',
    setting,
  ]);
  return {
    argv: [programFor(codex, place), ...withOptions(args, options, consent)],
    env: {
      ...(configFolder === undefined ? {} : { CODEX_HOME: configFolder }),
      ...(profile.scripted ? { OPENAI_API_KEY: SCRIPTED_KEY } : {}),
    },
    secrets: secretsOf(request),
    files: configFolder === undefined ? [] : files,
  };
}

/**
 * No update check and no telemetry; nothing fetched from hosts the profile does not name (plugins ask github.com and
 * chatgpt.com at every start); and a refused connection is an error, not something to wait for.
 */
const GUEST_SETTINGS = [
  'check_for_update_on_startup=false',
  'analytics.enabled=false',
  'features.plugins=false',
  'features.apps=false',
  'features.unbounded_connection_retries=false',
];

function providerSettings({ profile, keyName }: LaunchRequest, baseUrl: string): string[] {
  const provider = {
    name: profile.name,
    base_url: baseUrl,
    env_key: profile.scripted ? 'OPENAI_API_KEY' : (keyName ?? 'OPENAI_API_KEY'),
    wire_api: 'responses',
  };
  const model = profile.models[codex.name];
  return [
    'model_provider="pcoder"',
    `model_providers.pcoder=${inlineTable(provider)}`,
    ...(model === undefined ? [] : [`model=${JSON.stringify(model)}`]),
  ];
}

/** Whoever started a session on this project trusts it: no dialog. */
function trust(cwd: string): string {
  return `projects={${JSON.stringify(cwd)}={trust_level="trusted"}}`;
}

function bypass(args: readonly string[]): string[] {
  const own = hasFlag(
    args,
    '--dangerously-bypass-approvals-and-sandbox',
    '--sandbox',
    '-s',
    '--approve-for-me',
    '--ask-for-approval',
    '-a',
  );
  return own ? [] : ['--dangerously-bypass-approvals-and-sandbox'];
}

/** Puts our options where this command line takes them. */
function withOptions(args: readonly string[], options: string[], consent: string[]): string[] {
  const [first = '', ...rest] = args;
  if (first === 'exec' || first === 'e') {
    const outsideGit = hasFlag(args, '--skip-git-repo-check') ? [] : ['--skip-git-repo-check'];
    return [first, ...options, ...consent, ...outsideGit, ...rest];
  }
  if (OTHER_SUBCOMMANDS.has(first)) return [...options, ...args];
  // With our settings there is no shared background server anyway, only a warning; nothing must outlive the session.
  const alone = consent.length === 0 || hasFlag(args, '--no-daemon') ? [] : ['--no-daemon'];
  if (first === 'resume' || first === 'fork') return [first, ...options, ...consent, ...alone, ...rest];
  return [...options, ...consent, ...alone, ...args];
}

/** Subcommands that are no session and refuse session options. */
const OTHER_SUBCOMMANDS = new Set([
  'agents',
  'review',
  'login',
  'logout',
  'mcp',
  'plugin',
  'app-server',
  'remote-control',
  'completion',
  'update',
  'doctor',
  'sandbox',
  'debug',
  'apply',
  'queue',
  'archive',
  'delete',
  'unarchive',
  'cloud',
  'exec-server',
  'features',
  'help',
]);

function secretsOf({ profile, keyName }: LaunchRequest): Record<string, string> {
  return profile.scripted || keyName === undefined ? {} : { [keyName]: keyName };
}

/** A model missing in its catalogue makes the tool warn of bad results, so the scripted one is described to it. */
function scriptedCatalog({ scripted, models }: Profile): ConfigFile[] {
  const slug = models[codex.name];
  if (!scripted || slug === undefined) return [];
  const model = {
    slug,
    display_name: 'Scripted demo',
    shell_type: 'unified_exec',
    visibility: 'list',
    supported_in_api: true,
    priority: 1,
    base_instructions: '',
    context_window: 200_000,
    truncation_policy: { mode: 'bytes', limit: 10_000 },
    supports_parallel_tool_calls: false,
    support_verbosity: false,
    supported_reasoning_levels: [],
    experimental_supported_tools: [],
  };
  return [
    {
      path: 'pcoder-models.json',
      content: `${JSON.stringify({ models: [model] }, null, 2)}\n`,
      when: 'always',
    },
  ];
}

/** TOML's basic strings take every escape JSON writes. */
function inlineTable(values: Record<string, string>): string {
  return `{${Object.entries(values)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}}`;
}
