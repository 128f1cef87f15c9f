import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';

/**
 * System calls Node has no words for, made by a perl that waits on a pipe (perl-base is essential on Debian and Ubuntu). Started before a
 * snapshot is taken, it answers right after the resume without a process having to start.
 */
export class KernelCalls {
  #perl: ChildProcess | undefined;
  #lines: Interface | undefined;
  #answers: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];

  /** Starts the process and waits until it listens. */
  async ready(): Promise<void> {
    await this.#ask('ready');
  }

  /** Of the process that makes them. */
  get pid(): number | undefined {
    return this.#perl?.pid;
  }

  /** Moves the wall clock by some milliseconds. */
  async moveClock(milliseconds: number): Promise<void> {
    await this.#ask(`move ${Math.round(milliseconds * 1e6)}`);
  }

  /**
   * Mixes bytes into the kernel's pool, counts them as entropy and makes its generator begin anew with them; then sets the wall clock.
   * @param entropy hexadecimal
   * @param now milliseconds since 1970
   * @param heard when that was heard, on the monotonic clock: what passes until the clock is set is added
   */
  async renew(entropy: string, now: number, heard: [number, number]): Promise<void> {
    const time = `${Math.floor(now / 1000)} ${Math.round((now % 1000) * 1e6)}`;
    await this.#ask(`renew ${entropy} ${time} ${heard[0]} ${heard[1]}`);
  }

  async setHostname(name: string): Promise<void> {
    await this.#ask(`hostname ${name}`);
  }

  #ask(line: string): Promise<void> {
    const perl = this.#running();
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#answers.push({ resolve, reject });
    perl.stdin?.write(`${line}\n`);
    return promise.then((answer) => {
      if (answer !== 'ok') throw new Error(`${line.split(' ')[0]}: ${answer}`);
    });
  }

  #running(): ChildProcess {
    if (this.#perl !== undefined) return this.#perl;
    const perl = spawn('/usr/bin/perl', ['-e', SERVE], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#perl = perl;
    this.#lines = createInterface({ input: perl.stdout });
    this.#lines.on('line', (line) => this.#answers.shift()?.resolve(line));
    perl.stdin.on('error', () => {});
    const ended = () => {
      if (this.#perl !== perl) return;
      this.#perl = undefined;
      for (const { reject } of this.#answers.splice(0)) reject(new Error('perl ended'));
    };
    perl.on('error', ended);
    perl.on('exit', ended);
    return perl;
  }
}

/** Numbers of Linux on x86-64 and arm64: clock_gettime, clock_settime, sethostname. RNDADDENTROPY and RNDRESEEDCRNG are the same on both. */
const SERVE = `
$| = 1;
my ($get, $set, $name) = (\`uname -m\` =~ /^(aarch64|arm64)/) ? (113, 112, 161) : (228, 227, 170);
open(my $random, '+<', '/dev/random');
while (my $line = <STDIN>) {
  my ($what, @given) = split(' ', $line);
  my $fine = 1;
  if ($what eq 'renew') {
    my $bytes = pack('H*', $given[0]);
    my $pool = pack('i2', 8 * length($bytes), length($bytes)) . $bytes;
    my $now = pack('q2', 0, 0);
    syscall($get, 1, $now);
    my ($seconds, $rest) = unpack('q2', $now);
    $seconds += $given[1] - $given[3];
    $rest += $given[2] - $given[4];
    while ($rest < 0) { $rest += 1e9; $seconds--; }
    while ($rest >= 1e9) { $rest -= 1e9; $seconds++; }
    my $time = pack('q2', $seconds, $rest);
    $fine = defined(ioctl($random, 0x40085203, $pool)) && defined(ioctl($random, 0x5207, 0)) && syscall($set, 0, $time) == 0;
  }
  elsif ($what eq 'move') {
    my $time = pack('q2', 0, 0);
    syscall($get, 0, $time);
    my ($seconds, $rest) = unpack('q2', $time);
    $rest += $given[0];
    my $carry = int($rest / 1e9); $carry-- if $rest - $carry * 1e9 < 0;
    $time = pack('q2', $seconds + $carry, $rest - $carry * 1e9);
    $fine = syscall($set, 0, $time) == 0;
  }
  elsif ($what eq 'hostname') { my $text = $given[0]; $fine = syscall($name, $text, length($text)) == 0; }
  print $fine ? "ok\\n" : "refused: $!\\n";
}
`;
