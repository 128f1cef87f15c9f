import { mkdtemp, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { ClockReply } from '../../src/channel/messages/renewal.ts';
import { call } from '../../src/channel/methods.ts';
import { Fault } from '../../src/fault/fault.ts';
import { PING } from '../../src/supervisor/protocol.ts';
import type { Lab } from '../lab.ts';
import { libraryExec } from '../library-exec.ts';
import { alternate, type Contender } from '../measure/alternate.ts';
import type { Section } from '../measure/section.ts';
import { timed } from '../timed-program.ts';

/** Round trips measured together. */
const PINGS = 50;

/** One command on a running machine, by our ways and by ssh into that same guest. */
export async function measureExec(lab: Lab): Promise<Section[]> {
  await lab.ours.start();
  const { config, host } = lab.ours.ssh;
  const connection = await lab.ours.connect();
  const folder = await mkdtemp(join(lab.scratch, 'ssh-'));
  const control = join(folder, 'control');
  const master = startMaster(config, host, control);
  const contenders: Contender[] = [
    { id: 'ours', label: '`pcoder exec -- true`', measure: () => lab.ours.exec(['true']) },
    {
      id: 'ssh',
      label: '`ssh … true`',
      measure: () => timed({ file: 'ssh', args: ['-F', config, host, 'true'] }, lab.signal),
    },
    {
      id: 'shared',
      label: '`ssh … true` over an open connection (ControlMaster)',
      async measure() {
        await master.ready();
        return timed({ file: 'ssh', args: ['-F', config, '-S', control, host, 'true'] }, lab.signal);
      },
    },
    {
      id: 'library',
      label: '`true` over an open connection to the supervisor',
      measure: () => libraryExec(connection, ['true']),
    },
    {
      id: 'ping',
      label: '`machine.ping()` of the library: to the agent daemon and back',
      async measure() {
        // Many at a time: one takes less than the clock's own noise.
        const began = performance.now();
        for (let count = 0; count < PINGS; count++) await call(connection, PING, {}, ClockReply);
        return (performance.now() - began) / PINGS;
      },
    },
  ];
  try {
    return [
      {
        title: 'A command on a running machine',
        unit: 'milliseconds',
        rows: await alternate(contenders, { ...lab, repeat: lab.repeat ?? 15 }),
        ours: 'ours',
        expectations: [
          { text: '`pcoder exec` at most 0.15 s', kind: 'value', row: 'ours', atMost: 150 },
          { text: 'a round trip of the library at most 5 ms', kind: 'value', row: 'ping', atMost: 5 },
          { text: 'at most a fifth of ssh', kind: 'ratio', row: 'ours', against: 'ssh', atMost: 1 / 5 },
        ],
        notes: [
          'The first three rows are whole processes, from being started to having ended. ssh goes into the same guest, through the same channel.',
          'ssh pays for a key exchange on emulated processors; ControlMaster shows it without.',
        ],
      },
    ];
  } finally {
    await master.end();
    connection.close();
    await lab.ours.stop();
  }
}

/** Milliseconds a key exchange may take; 0.7 s was measured. */
const LOGIN_WITHIN = 30_000;

/** An ssh connection for others to share. */
function startMaster(config: string, host: string, control: string) {
  const child = execa('ssh', ['-F', config, '-M', '-N', '-S', control, host], {
    stdio: ['ignore', 'ignore', 'pipe'],
    reject: false,
  });
  let over = false;
  child.then(() => {
    over = true;
  });
  return {
    async ready() {
      const deadline = Date.now() + LOGIN_WITHIN;
      while ((await stat(control).catch(() => undefined)) === undefined) {
        if (over || Date.now() > deadline)
          throw new Fault('check-failed', 'ssh could not log in', {
            cause: new Error((await ended()).stderr),
          });
        await sleep(20);
      }
    },
    end: ended,
  };

  function ended() {
    child.kill('SIGTERM');
    return child;
  }
}
