import { cpioArchive } from '../../bundle/cpio.ts';

export interface BootParts {
  /** the agent daemon, one CommonJS module */
  agent: Uint8Array;
  /** V8's start-up snapshot of it, where one could be made */
  agentSnapshot?: Uint8Array | undefined;
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
    { path: 'pcoder/agentd.cjs', mode: 0o100600, content: parts.agent },
    ...(parts.agentSnapshot === undefined
      ? []
      : [{ path: 'pcoder/agentd.blob', mode: 0o100600, content: parts.agentSnapshot }]),
    { path: 'pcoder/greeted', mode: 0o600, fifo: true },
    { path: 'pcoder/pipes', mode: 0o40700 },
    ...READY_PIPES,
    { path: 'pcoder/boot.key', mode: 0o100600, content: parts.bootKey },
    { path: 'pcoder/ssh/host_ed25519', mode: 0o100600, content: text(parts.sshHostKey) },
    { path: 'pcoder/ssh/authorized_keys', mode: 0o100644, content: text(`${parts.sshAuthorizedKey}\n`) },
    { path: 'pcoder/ssh/sshd_config', mode: 0o100644, content: text(SSHD_CONFIG) },
  ]);
}

/** For the first commands: making them in the guest would cost the first one an emulated program start, 40 ms. */
const READY_PIPES = Array.from({ length: 16 }, (_, number) => ({
  path: `pcoder/pipes/ready-${number}`,
  mode: 0o666,
  fifo: true as const,
}));

/**
 * The daemon comes first and has the processors to itself until a host has greeted it, then the system's own init follows as process 1:
 * started together they were measured to delay each other by 2 s. What an early command needs of the system is set up here, as systemd would
 * (it leaves alone what is mounted). Should the daemon die it is started again; a snapshot gets one chance, because a Node that refuses it
 * ends at once.
 */
const START = `#!/bin/sh
(
  trap '' HUP INT TERM
  blob=/run/pcoder/agentd.blob
  [ ! -e $blob ] || snapshot="--snapshot-blob $blob"
  while :; do
    /usr/local/bin/node $snapshot --no-opt --no-maglev --no-sparkplug --v8-pool-size=1 --max-old-space-size=192 --max-semi-space-size=1 --no-warnings /run/pcoder/agentd.cjs
    if [ -n "$snapshot" ]; then
      echo 'agentd: ended; it goes on without its start-up snapshot'
      snapshot=
    else
      sleep 0.2
    fi
  done
) </dev/null >/dev/console 2>&1 &
ip link set lo up
cat /etc/hostname >/proc/sys/kernel/hostname
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs /dev/shm
# sshd reads the authorized keys as the user; the boot key beside them is root's alone.
chmod 711 /run/pcoder
( sleep 15; [ -e /run/pcoder/greeted ] && echo late >/run/pcoder/greeted ) &
read -r line </run/pcoder/greeted
rm /run/pcoder/greeted
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
