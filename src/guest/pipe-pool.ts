import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readdirSync, unlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

/** A kernel pipe between us and a program. */
export interface ProgramPipe {
  /** our end */
  ours: Socket;
  /** the program's end, to be given to it and then closed here */
  theirs: number;
}

/** FIFOs made at a time, and the number below which more are made. */
const BATCH = 48;
const LOW = 12;

/**
 * Real pipes for programs. Node gives children Unix sockets, which cannot be opened by path: `echo x >/dev/stderr` fails on them. Node cannot
 * make pipes either, so named ones are made in batches ahead of time; each is opened at both ends and its name removed, which leaves a plain
 * pipe that nobody else can find.
 */
export class PipePool {
  readonly #folder: string;
  #names: string[];
  #made = 0;
  #filling = false;
  /** one program's worth, opened ahead of time */
  #opened: { fromProgram: ProgramPipe[]; toProgram: ProgramPipe[] } = { fromProgram: [], toProgram: [] };

  /** `folder` is entered by root alone; pipes named `ready-…` in it are used first. */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#names = readdirSync(folder)
      .filter((name) => name.startsWith('ready-'))
      .map((name) => join(folder, name));
  }

  /** Opens the pipes of the next program now. */
  open(): void {
    const { fromProgram, toProgram } = this.#opened;
    while (fromProgram.length < 2) fromProgram.push(this.#newFromProgram());
    if (toProgram.length === 0) toProgram.push(this.#newToProgram());
  }

  /** A pipe the program writes and we read. */
  fromProgram(): ProgramPipe {
    return this.#opened.fromProgram.shift() ?? this.#newFromProgram();
  }

  /** A pipe we write and the program reads. */
  toProgram(): ProgramPipe {
    return this.#opened.toProgram.shift() ?? this.#newToProgram();
  }

  #newFromProgram(): ProgramPipe {
    return this.#open((path) => {
      const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      // Not non-blocking: that would be the program's own view of its output.
      const theirs = openSync(path, constants.O_WRONLY);
      return { ours: new Socket({ fd: reading, readable: true, writable: false }), theirs };
    });
  }

  #newToProgram(): ProgramPipe {
    return this.#open((path) => {
      // Open at both ends at once, so that neither of the next two waits for the other.
      const keeper = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      const theirs = openSync(path, constants.O_RDONLY);
      const writing = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      closeSync(keeper);
      return { ours: new Socket({ fd: writing, readable: false, writable: true }), theirs };
    });
  }

  #open(open: (path: string) => ProgramPipe): ProgramPipe {
    const path = this.#take();
    try {
      return open(path);
    } finally {
      unlinkSync(path);
    }
  }

  #take(): string {
    if (this.#names.length === 0) {
      const names = this.#nextNames();
      execFileSync('/usr/bin/mkfifo', ['-m', '666', ...names]);
      this.#names.push(...names);
    } else if (this.#names.length < LOW) {
      this.#fill();
    }
    const name = this.#names.shift();
    if (name === undefined) throw new Error('no pipe could be made');
    return name;
  }

  #fill(): void {
    if (this.#filling) return;
    this.#filling = true;
    const names = this.#nextNames();
    spawn('/usr/bin/mkfifo', ['-m', '666', ...names], { stdio: 'ignore' })
      .on('error', () => {})
      .on('close', (code) => {
        this.#filling = false;
        if (code === 0) this.#names.push(...names);
      });
  }

  #nextNames(): string[] {
    return Array.from({ length: BATCH }, () => join(this.#folder, `${process.pid}-${this.#made++}`));
  }
}
