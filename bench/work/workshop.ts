import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { programFor } from '../../src/tools/adapter.ts';
import { claude } from '../../src/tools/claude.ts';
import { codex } from '../../src/tools/codex.ts';
import type { Lab } from '../lab.ts';
import { librarySession } from '../library-exec.ts';
import { timed } from '../timed-program.ts';
import { openHostSide } from './host-side.ts';
import { startRegistry } from './registry.ts';
import { type Agent, guestTalk, startTalk, type Talk } from './talk.ts';
import { versionsNote } from './versions.ts';
import { WORKS, type Work } from './works.ts';

/** One work, ready to be done on either side. Each gives milliseconds. */
export interface ReadyWork {
  id: string;
  label: string;
  guest(): Promise<number>;
  host(): Promise<number>;
}

export interface Workshop {
  works: ReadyWork[];
  /** what a reader must know of the programs */
  notes: string[];
  close(): Promise<void>;
}

const GUEST_FOLDER = '/home/portable/bench';
const AGENTS = ['claude', 'codex'] as const;
const TURNS = [2, 6];
const GUEST_PROGRAMS = {
  claude: programFor(claude, 'guest'),
  codex: programFor(codex, 'guest'),
};

/** Material, programs, registry and stand-in models for both sides, on a running machine. */
export async function openWorkshop(lab: Lab): Promise<Workshop> {
  const connection = await lab.ours.connect();
  const registry = await startRegistry();
  const talks: Talk[] = [];
  const close = async () => {
    connection.close();
    await Promise.all([registry.close(), ...talks.map((talk) => talk.close())]);
  };
  try {
    lab.note('material and programs, not measured');
    for (const turns of TURNS) talks.push(await startTalk(lab.ours.folder, turns));
    const material = await readFile(fileURLToPath(new URL('./material.ts', import.meta.url)));
    const inGuest = async (script: string, input: Uint8Array[] = [], allow: string[] = []) =>
      librarySession(connection, { argv: ['sh', '-c', script], input, allow });
    await inGuest(`cat > /tmp/material.ts && node /tmp/material.ts ${GUEST_FOLDER}`, [material]);
    const host = await openHostSide(lab, connection);
    const guestPlace = {
      folder: GUEST_FOLDER,
      registry: `http://host.pcoder.internal:${registry.port}/`,
    };
    const hostPlace = { folder: host.folder, registry: `http://127.0.0.1:${registry.port}/` };
    const ordinary = (work: Work): ReadyWork => ({
      id: work.id,
      label: work.label,
      async guest() {
        const allow = work.online === true ? [`host.pcoder.internal:${registry.port}`] : [];
        return (await inGuest(work.script(guestPlace), [], allow)).took;
      },
      host: () => host.run(work, hostPlace),
    });
    const version = (agent: Agent): ReadyWork => ({
      id: `${agent}-version`,
      label: `\`${agent} --version\``,
      guest: async () =>
        (await librarySession(connection, { argv: [GUEST_PROGRAMS[agent], '--version'] })).took,
      host: () => timed({ file: host.agent(agent), args: ['--version'], env: host.env }, lab.signal),
    });
    const talk = (agent: Agent, given: Talk): ReadyWork => ({
      id: `${agent}-${given.turns}`,
      label: `\`${agent}\`, a conversation of ${given.turns} turns`,
      guest: async () => (await librarySession(connection, { tool: guestTalk(agent, given) })).took,
      host: () => host.talk(agent, given),
    });
    return {
      works: [
        ...WORKS.map(ordinary),
        // A conversation first: it brings the agent's disk into the guest.
        ...AGENTS.flatMap((agent) => [...talks.map((given) => talk(agent, given)), version(agent)]),
      ],
      notes: [await versionsNote(async (script) => (await inGuest(script)).output.toString(), host)],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
