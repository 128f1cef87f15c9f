import type { Progress, ProgressEvent } from '../bundle/progress.ts';
import { visible } from '../fault/visible.ts';

/** Milliseconds a step may take before it is worth a line: nothing flickers by. */
const WORTH_SAYING = 300;
/** Milliseconds between two looks of a running amount where lines cannot be rewritten. */
const PLAIN_EVERY = 5000;
const REDRAW_EVERY = 100;

interface Screen {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** Shows progress: one line that rewrites itself on a terminal, plain lines elsewhere. `close` leaves the screen clean. */
export function progressLines(
  screen: Screen,
  now: () => number = Date.now,
): { progress: Progress; close(): void } {
  const live = screen.isTTY === true;
  let current: { step: string; since: number; shown: boolean; drawn: number; amount: string } | undefined;
  const timer = setInterval(() => draw(), REDRAW_EVERY);
  timer.unref();

  function draw(): void {
    if (current === undefined || now() - current.since < WORTH_SAYING) return;
    if (live) {
      const seconds = Math.floor((now() - current.since) / 1000);
      const clock = seconds >= 2 ? ` ${seconds} s` : '';
      screen.write(
        `\r\x1b[K${`… ${current.step}${current.amount}${clock}`.slice(0, (screen.columns ?? 80) - 1)}`,
      );
      current.shown = true;
    } else if (!current.shown || (current.amount !== '' && now() - current.drawn > PLAIN_EVERY)) {
      screen.write(`… ${current.step}${current.amount}\n`);
      current.shown = true;
      current.drawn = now();
    }
  }

  function clear(): void {
    if (live && current?.shown === true) screen.write('\r\x1b[K');
    current = undefined;
  }

  function begin(step: string): void {
    if (current?.step === step) return;
    clear();
    current = { step, since: now(), shown: false, drawn: now(), amount: '' };
  }

  function show(event: ProgressEvent): void {
    switch (event.type) {
      case 'step':
        return begin(visible(event.step));
      case 'amount':
        begin(visible(event.step));
        if (current !== undefined) current.amount = amountText(event);
        return;
      case 'done': {
        const took = current === undefined ? 0 : now() - current.since;
        const wasShown = current?.shown === true;
        clear();
        if (wasShown) screen.write(`✓ ${visible(event.step)} (${(took / 1000).toFixed(1)} s)\n`);
        return;
      }
      case 'note':
        if (live && current?.shown === true) screen.write('\r\x1b[K');
        screen.write(`pcoder: ${visible(event.text)}\n`);
        return;
    }
  }

  return {
    progress: show,
    close() {
      clearInterval(timer);
      clear();
    },
  };
}

function amountText(event: { done: number; total: number | undefined; unit: 'bytes' | 'items' }): string {
  const { done, total, unit } = event;
  if (unit === 'items') return total === undefined ? ` ${done}` : ` ${done}/${total}`;
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0);
  const percent = total === undefined || total === 0 ? '' : ` (${Math.floor((100 * done) / total)} %)`;
  return total === undefined
    ? ` ${mebibytes(done)} MiB`
    : ` ${mebibytes(done)}/${mebibytes(total)} MiB${percent}`;
}
