import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, openSync, readlinkSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import type { ExecRequest, WindowSize } from '../channel/messages/exec.ts';
import { flow } from './flow.ts';
import type { Output, Running } from './running.ts';
import { identity } from './users.ts';

/**
 * Starts a program on a pseudo-terminal of its own. Node cannot issue the ioctls a terminal needs and has no such addon without a
 * compiler, so perl-base, essential on Debian and Ubuntu, sets the terminal up and then becomes the program: exit code and signals are
 * the program's own and no relay process stays behind.
 */
export async function startOnTerminal(
  request: ExecRequest,
  size: WindowSize,
  env: Record<string, string>,
  output: Output,
): Promise<Running> {
  const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
  const terminal = new ReadStream(master);
  const { uid, gid } = identity(request.user);
  const child = spawn(
    '/usr/bin/perl',
    ['-e', SET_UP, String(size.rows), String(size.columns), String(uid), String(gid), ...request.argv],
    {
      cwd: request.cwd,
      env: { ...env, TERM: env['TERM'] === 'dumb' ? 'xterm-256color' : (env['TERM'] ?? 'xterm-256color') },
      stdio: ['ignore', 'ignore', 'ignore', master],
      detached: true,
    },
  );
  await once(child, 'spawn');
  // Its end reads as EIO once the last program on it has gone.
  const shown = flow(terminal, 0, output);
  const { promise: exited, resolve } = Promise.withResolvers<{
    code: number | null;
    signal: string | null;
  }>();
  child.on('exit', (code, signal) => resolve({ code, signal }));
  const pid = child.pid ?? 0;
  return {
    pid,
    input: (chunk) =>
      new Promise((done) => (terminal.destroyed ? done() : terminal.write(chunk, () => done()))),
    endInput: () => terminal.write(END_OF_TRANSMISSION),
    resize: (rows, columns) => resizeTerminal(pid, rows, columns),
    finished: exited.then(async (exit) => {
      await shown.finish();
      return exit;
    }),
  };
}

const END_OF_TRANSMISSION = Buffer.from([4]);

/** ioctl numbers of Linux: TIOCSPTLCK unlocks the pair, TIOCGPTN names it, TIOCSCTTY makes it ours, TIOCSWINSZ sizes it. */
const SET_UP = `
my ($rows, $columns, $uid, $gid, @argv) = @ARGV;
open(my $master, '+<&=', 3) or exit 126;
my $unlock = pack('i', 0); ioctl($master, 0x40045431, $unlock) or exit 126;
my $number = pack('i', 0); ioctl($master, 0x80045430, $number) or exit 126;
my $name = '/dev/pts/' . unpack('i', $number);
ioctl($master, 0x5414, pack('S4', $rows, $columns, 0, 0));
open(my $slave, '+<', $name) or exit 126;
ioctl($slave, 0x540E, 0);
chown($uid, 5, $name);
open(STDIN, '<&', $slave); open(STDOUT, '>&', $slave); open(STDERR, '>&', $slave);
close($slave); close($master);
$( = $gid; $) = "$gid $gid"; $< = $uid; $> = $uid;
exec { $argv[0] } @argv or print STDERR "$argv[0]: $!\\n";
exit 127;
`;

/** `stty` on the terminal the program itself sits on; the kernel tells the foreground processes. */
function resizeTerminal(pid: number, rows: number, columns: number): void {
  try {
    const name = readlinkSync(`/proc/${pid}/fd/0`);
    spawn('/usr/bin/stty', ['-F', name, 'rows', String(rows), 'columns', String(columns)], {
      stdio: 'ignore',
    }).on('error', () => {});
  } catch {
    // The program has just ended.
  }
}
