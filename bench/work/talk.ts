import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Folder } from '../../src/bundle/folder.ts';
import { writeJson } from '../../src/platform/json-file.ts';
import { writeWhole } from '../../src/platform/whole-file.ts';
import type { Launch } from '../../src/tools/adapter.ts';
import { claude } from '../../src/tools/claude.ts';
import { codex } from '../../src/tools/codex.ts';
import { loadProfile, profileFolders } from '../../src/tools/profiles.ts';
import type { Script } from '../../src/tools/scripted-model/script.ts';
import { startScriptedModel } from '../../src/tools/scripted-model/server.ts';

export type Agent = 'claude' | 'codex';

/** A stand-in model on the host's loopback and the profile by which agents reach it. */
export interface Talk {
  /** requests with a turn's answer */
  turns: number;
  profile: string;
  close(): Promise<void>;
}

const ADAPTERS = { claude, codex };
const KEYS = { claude: 'ANTHROPIC_API_KEY', codex: 'OPENAI_API_KEY' };

/** A conversation of this many turns, all but the last with a tool call. Its profile is written into the folder's state. */
export async function startTalk(folder: Folder, turns: number): Promise<Talk> {
  const model = await startScriptedModel({ script: scriptOf(turns) });
  const name = `bench-${turns}`;
  const baseUrl = `http://host.pcoder.internal:${model.port}`;
  const [own] = profileFolders(folder);
  await mkdir(own, { recursive: true });
  await writeJson(join(own, `${name}.json`), {
    name,
    description: 'the stand-in model of the benchmarks',
    apis: {
      'anthropic-messages': { baseUrl, keyEnvironment: [KEYS.claude] },
      'openai-responses': { baseUrl: `${baseUrl}/v1`, keyEnvironment: [KEYS.codex] },
    },
    models: { claude: 'stand-in-model', codex: 'stand-in-model' },
  });
  return { turns, profile: name, close: () => model.close() };
}

export function scriptOf(turns: number): Script {
  const steps = Array.from({ length: turns - 1 }, (_, index) => ({
    say: `Step ${index + 1}.`,
    command: `echo step-${index + 1} && ls /usr/bin | head -n 20`,
    expect: `step-${index + 1}`,
  }));
  return { steps, closing: 'Every step was done.' };
}

/** What a session in the guest is asked for. */
export function guestTalk(agent: Agent, talk: Talk) {
  const credential = { name: KEYS[agent], value: 'no-key' };
  return { tool: agent, profile: talk.profile, args: [...ARGS[agent]], credential };
}

const ARGS = { claude: ['-p', 'go on'], codex: ['exec', 'go on'] } as const;

/**
 * The same command line on the host: what the adapter says for the guest, without what it adds on an emulated processor.
 * `program` is the guest's own.
 */
export async function hostTalk(
  folder: Folder,
  agent: Agent,
  talk: Talk,
  where: { program: string; cwd: string; config: string },
): Promise<{ file: string; args: string[]; cwd: string; env: Record<string, string> }> {
  const profile = await loadProfile(folder, talk.profile);
  const apis = Object.fromEntries(
    Object.entries(profile.apis).map(([api, endpoint]) => [
      api,
      { ...endpoint, baseUrl: endpoint.baseUrl.replace('//host.pcoder.internal:', '//127.0.0.1:') },
    ]),
  );
  await mkdir(where.config, { recursive: true });
  const launch: Launch = ADAPTERS[agent].launch({
    place: 'guest',
    profile: { ...profile, apis },
    keyName: KEYS[agent],
    args: ARGS[agent],
    interactive: false,
    emulated: false,
    cwd: where.cwd,
    configFolder: where.config,
  });
  const { argv, env, secrets, files } = launch;
  for (const { path, content } of files) await writeWhole(join(where.config, path), content);
  const keys = Object.fromEntries(Object.keys(secrets).map((variable) => [variable, 'no-key']));
  // Claude Code refuses these rights to root unless it is told that it is in a sandbox.
  return {
    file: where.program,
    args: argv.slice(1),
    cwd: where.cwd,
    env: { ...env, ...keys, IS_SANDBOX: '1' },
  };
}
