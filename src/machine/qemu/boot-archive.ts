import type { AgentFiles } from '../../bundle/agent-build.ts';
import { cpioArchive } from '../../bundle/cpio.ts';

export interface BootParts {
  agent: AgentFiles;
  bootKey: Uint8Array;
  /** the guest's ssh host key, known to the host in advance */
  sshHostKey: string;
  /** the one key that may log in */
  sshAuthorizedKey: string;
}

/** What a start adds behind the image's initramfs; its `/pcoder` folder becomes the guest's `/run/pcoder`, in memory, root only. */
export function bootArchive(parts: BootParts): Buffer {
  const text = (content: string) => Buffer.from(content);
  return cpioArchive([
    { path: 'pcoder', mode: 0o40700 },
    { path: 'pcoder/ssh', mode: 0o40755 },
    { path: 'pcoder/start', mode: 0o100755, content: text(START) },
    { path: 'pcoder/agentd.mjs', mode: 0o100600, content: parts.agent.agentd },
    { path: 'pcoder/port-reader.mjs', mode: 0o100600, content: parts.agent.reader },
    { path: 'pcoder/boot.key', mode: 0o100600, content: parts.bootKey },
    { path: 'pcoder/ssh/host_ed25519', mode: 0o100600, content: text(parts.sshHostKey) },
    { path: 'pcoder/ssh/authorized_keys', mode: 0o100644, content: text(`${parts.sshAuthorizedKey}\n`) },
    { path: 'pcoder/ssh/sshd_config', mode: 0o100644, content: text(SSHD_CONFIG) },
  ]);
}

/** The daemon comes first and is started again should it die; the system's own init follows as process 1. */
const START = `#!/bin/sh
ip link set lo up 2>/dev/null
(
  trap '' HUP INT TERM
  while :; do
    /usr/local/bin/node --max-old-space-size=96 --max-semi-space-size=2 --no-warnings /run/pcoder/agentd.mjs
    sleep 0.2
  done
) </dev/null >/dev/console 2>&1 &
exec /sbin/init
`;

const SSHD_CONFIG = `HostKey /run/pcoder/ssh/host_ed25519
AuthorizedKeysFile /run/pcoder/ssh/authorized_keys
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin no
AllowUsers portable
UsePAM no
PrintMotd no
UseDNS no
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
`;
