import { posix } from 'node:path';
import * as z from 'zod/mini';
import type { Progress } from '../bundle/progress.ts';
import type { Connection } from '../channel/connection.ts';
import { MAKE_FOLDER, PLACE, type PlaceFile } from '../channel/messages/guest.ts';
import { call } from '../channel/methods.ts';
import type { AllowedHost } from '../egress/allow-list.ts';
import type { Machine } from '../machine/machine.ts';
import { appMount, type ConfigFile, guestConfigFolder, type ToolAdapter } from '../tools/adapter.ts';
import { allowedHosts, withScriptedPort } from '../tools/endpoint.ts';
import type { Profile } from '../tools/profile.ts';
import { findTool } from '../tools/registry.ts';
import type { SessionRequest } from './request.ts';

/** What a tool's start needs from the portable folder. */
export interface ToolSupplies {
  profile(name: string): Promise<Profile>;
  /** the tool's read-only disk, fetched when it is not there */
  appDisk(tool: ToolAdapter, progress: Progress): Promise<string>;
  /** port of the scripted model on the host's loopback, started on first use */
  scriptedPort(): Promise<number>;
}

export interface Prepared {
  argv: readonly string[];
  env: Record<string, string>;
  allowed: AllowedHost[];
}

interface Place {
  machine: Machine;
  connection: Connection;
  cwd: string;
  progress: Progress;
}

/** Makes the guest ready for what a session runs and says how to start it. A key travels only in the returned environment. */
export async function prepareTool(
  supplies: ToolSupplies,
  request: SessionRequest,
  place: Place,
): Promise<Prepared> {
  const { work } = request;
  if (work.kind === 'command') return { argv: work.argv, env: {}, allowed: [] };
  if (work.kind === 'shell') return { argv: ['/bin/bash', '-l'], env: {}, allowed: [] };
  const tool = findTool(work.tool);
  const named = await supplies.profile(work.profile);
  const profile = named.scripted ? withScriptedPort(named, await supplies.scriptedPort()) : named;
  const configFolder = guestConfigFolder(tool.name);
  const launch = tool.launch({
    place: 'guest',
    profile,
    keyName: work.credential?.name,
    args: work.args,
    interactive: request.terminal !== undefined,
    emulated: place.machine.capabilities.emulated,
    cwd: place.cwd,
    configFolder,
  });
  const { credential } = work;
  // Together: a guest that has just been resumed takes its time over each request.
  await Promise.all([
    supplies
      .appDisk(tool, place.progress)
      .then((disk) => place.machine.mountApp(tool.name, disk, appMount(tool.name))),
    call(place.connection, MAKE_FOLDER, { path: configFolder }, z.unknown()),
    ...launch.files.map((file) => call(place.connection, PLACE, placed(file, configFolder), z.unknown())),
  ]);
  if (credential !== undefined) await place.machine.holdSecret();
  const secrets = Object.keys(launch.secrets).map((variable) => [variable, credential?.value ?? '']);
  return {
    argv: launch.argv,
    env: { ...launch.env, ...Object.fromEntries(secrets) },
    allowed: allowedHosts(profile, tool).map(({ name, port }) => ({
      name,
      port,
      origin: `profile ${profile.name}`,
    })),
  };
}

function placed({ path, content, when }: ConfigFile, folder: string): PlaceFile {
  return { path: posix.join(folder, path), content, mode: 0o600, keep: when === 'absent' };
}
