import type { Connection } from '../channel/connection.ts';
import { call } from '../channel/methods.ts';
import { visible } from '../fault/visible.ts';
import { STATUS, StatusReply } from '../supervisor/protocol.ts';

export function askStatus(connection: Connection): Promise<StatusReply> {
  return call(connection, STATUS, {}, StatusReply);
}

/** A machine's status for people. What comes from the guest is made safe to show. */
export function describe(status: StatusReply): string {
  const lines = [
    `machine ${status.machine}: ${status.state}${status.reason === undefined ? '' : ` (${visible(status.reason)})`}`,
  ];
  const { run, guest } = status;
  if (run !== undefined) {
    lines.push(`  accelerator  ${run.accelerator} (${visible(run.reason)})`);
    lines.push(
      `  qemu         process ${run.pid}${run.resident === undefined ? '' : `, ${mebibytes(run.resident)}`}, ${STARTED[run.start]} ${run.since}`,
    );
  }
  if (guest !== undefined) {
    lines.push(
      `  guest        ${visible(guest.distribution)}, Linux ${visible(guest.kernel)}, up ${Math.round(guest.uptime)} s, system ${visible(guest.system)}`,
    );
    lines.push(
      `  agent        process ${guest.pid}, ${mebibytes(guest.resident)}, Node ${visible(guest.node)}`,
    );
  }
  lines.push(`  supervisor   process ${status.supervisor.pid}, ${mebibytes(status.supervisor.resident)}`);
  if (status.sshPort !== undefined) lines.push(`  ssh          127.0.0.1:${status.sshPort}`);
  for (const session of status.sessions)
    lines.push(
      `  session      ${session.id} ${visible(session.work)} on ${visible(session.project)} (${session.state})`,
    );
  for (const note of status.notes) lines.push(`  note         ${visible(note)}`);
  return `${lines.join('\n')}\n`;
}

/** How the guest came up, before the time it did. */
const STARTED = { cold: 'started', golden: 'started from the golden snapshot', resumed: 'resumed' } as const;

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
