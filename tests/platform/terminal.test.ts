import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import type { ReadStream, WriteStream } from 'node:tty';
import { takeTerminal } from '../../src/platform/terminal.ts';

class PretendedTerminal extends EventEmitter {
  readonly raw: boolean[] = [];
  written = '';
  rows = 24;
  columns = 80;
  setRawMode(raw: boolean): void {
    this.raw.push(raw);
  }
  write(text: string): void {
    this.written += text;
  }
}

describe('a terminal taken', () => {
  const before = process.listeners('exit');
  afterEach(() => {
    for (const listener of process.listeners('exit'))
      if (!before.includes(listener)) process.off('exit', listener);
  });

  function taken() {
    const screen = new PretendedTerminal();
    return {
      screen,
      terminal: takeTerminal(screen as unknown as ReadStream, screen as unknown as WriteStream),
    };
  }

  it('is raw until it is given back, once', () => {
    const { screen, terminal } = taken();
    assert.deepEqual(screen.raw, [true]);
    terminal.restore(false);
    terminal.restore(true);
    assert.deepEqual(screen.raw, [true, false]);
    assert.equal(screen.written, '');
  });

  it('given back abruptly leaves alternate screen, mouse, paste and key modes and shows the cursor', () => {
    const { screen, terminal } = taken();
    terminal.restore(true);
    for (const undone of ['?1049l', '?1000l', '?1006l', '?2004l', '?25h', '>4;0m', '[0m'])
      assert.ok(screen.written.includes(undone), undone);
  });

  it('tells its size and changes of it, and none after it was given back', () => {
    const { screen, terminal } = taken();
    let resizes = 0;
    terminal.onResize(() => resizes++);
    screen.rows = 50;
    screen.emit('resize');
    assert.deepEqual([resizes, terminal.size()], [1, { rows: 50, columns: 80 }]);
    terminal.restore(false);
    screen.emit('resize');
    assert.equal(resizes, 1);
    assert.equal(screen.listenerCount('resize'), 0);
  });

  it('of no known size counts as 24 by 80', () => {
    const { screen, terminal } = taken();
    Object.assign(screen, { rows: 0, columns: undefined });
    assert.deepEqual(terminal.size(), { rows: 24, columns: 80 });
  });

  it('is given back when the process ends without saying so', () => {
    const { screen } = taken();
    const added = process.listeners('exit').filter((listener) => !before.includes(listener));
    for (const listener of added) listener(0);
    assert.deepEqual(screen.raw, [true, false]);
    assert.ok(screen.written.includes('?1049l'));
  });

  it('leaves nothing behind in the process once it was given back', () => {
    const { terminal } = taken();
    terminal.restore(false);
    assert.deepEqual(process.listeners('exit'), before);
  });
});
