import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { duplexOf } from '../channel/byte-flow.ts';
import type { ChannelStream } from '../channel/channel-stream.ts';

/** One connection to sshd, started for it alone: no sshd listens anywhere in the guest. */
export function serveSsh(stream: ChannelStream): void {
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const sshd = spawn('/usr/sbin/sshd', ['-i', '-f', '/run/pcoder/ssh/sshd_config'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const wire = duplexOf(stream);
  wire.on('error', () => sshd.kill('SIGHUP'));
  wire.on('close', () => sshd.kill('SIGHUP'));
  sshd.stdin.on('error', () => {});
  sshd.on('error', (error) => wire.destroy(error));
  wire.pipe(sshd.stdin);
  sshd.stdout.pipe(wire);
}
