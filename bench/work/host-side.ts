import { access, mkdir, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Connection } from '../../src/channel/connection.ts';
import { Fault } from '../../src/fault/fault.ts';
import type { Lab } from '../lab.ts';
import { reasonOf } from '../measure/alternate.ts';
import { timed } from '../timed-program.ts';
import { agentPrograms, borrowPrograms } from './guest-programs.ts';
import { type Agent, hostTalk, type Talk } from './talk.ts';
import type { Place, Work } from './works.ts';

/** The same works on the host itself. */
export interface HostSide {
  /** the material's folder */
  folder: string;
  /** with the programs of `bin` before the host's own */
  env: Record<string, string>;
  /** Milliseconds. @throws Fault `prerequisite-missing` naming what the host lacks */
  run(work: Work, place: Place): Promise<number>;
  /** the guest's own program of an agent @throws Fault `prerequisite-missing` */
  agent(agent: Agent): string;
  /** Milliseconds of a conversation. */
  talk(agent: Agent, talk: Talk): Promise<number>;
}

/** Prepares it in the lab's temporary folder: material, and programs from the guest where versions would differ or be missing. */
export async function openHostSide(lab: Lab, connection: Connection): Promise<HostSide> {
  const home = join(lab.scratch, 'work');
  const [folder, bin] = [join(home, 'material'), join(home, 'bin')];
  await mkdir(bin, { recursive: true });
  const env = { PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`, HOME: home };
  await symlink(process.execPath, join(bin, 'node'));
  await takePython(bin);
  await borrowPrograms(connection, join(home, 'borrowed'), bin).catch((error: unknown) =>
    lab.note(`nothing was borrowed from the guest: ${reasonOf(error)}`),
  );
  const agents = await agentPrograms(lab.ours.folder, lab.qemu, join(home, 'agents')).catch(
    (error: unknown) => reasonOf(error),
  );
  const agent = (name: Agent) => {
    if (typeof agents !== 'string') return agents[name];
    throw new Fault('prerequisite-missing', `the agents' programs could not be taken out: ${agents}`);
  };
  const material = fileURLToPath(new URL('./material.ts', import.meta.url));
  await timed({ file: process.execPath, args: ['--no-warnings', material, folder], env }, lab.signal);
  return {
    folder,
    env,
    agent,
    async run(work, place) {
      for (const program of work.needs) {
        if (!(await onPath(program, env.PATH)))
          throw new Fault('prerequisite-missing', `this host has no ${program}`);
      }
      return timed({ file: '/bin/sh', args: ['-c', work.script(place)], env }, lab.signal);
    },
    async talk(name, talk) {
      const where = { program: agent(name), cwd: join(folder, 'talk'), config: join(home, 'config', name) };
      const launch = await hostTalk(lab.ours.folder, name, talk, where);
      return timed({ ...launch, env: { ...env, ...launch.env } }, lab.signal);
    },
  };
}

/** The interpreter itself: a version manager's `python3` is a shell script that finds it first. */
async function takePython(bin: string): Promise<void> {
  const print = 'import os, sys; print(os.path.realpath(sys.executable))';
  const { stdout, failed } = await execa('python3', ['-c', print], { reject: false });
  if (!failed && typeof stdout === 'string') await symlink(stdout.trim(), join(bin, 'python3'));
}

async function onPath(program: string, path: string): Promise<boolean> {
  for (const folder of path.split(delimiter)) {
    const found = await access(join(folder, program)).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}
