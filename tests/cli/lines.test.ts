import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showChecks } from '../../src/cli/check-lines.ts';
import type { Context } from '../../src/cli/context.ts';
import { progressLines } from '../../src/cli/progress-lines.ts';
import { showReport } from '../../src/cli/report-lines.ts';
import { describe as statusText } from '../../src/cli/status-lines.ts';
import { Captured } from './pretended-terminal.ts';

const EVIL = 'a\x1b]52;c;x\x07\u202eb\n';

function context() {
  const [stdout, stderr] = [new Captured(), new Captured()];
  return { stdout, stderr, given: { stdout, stderr, env: {} } as unknown as Context };
}

describe('progress', () => {
  function screen(isTTY: boolean) {
    const written = new Captured();
    written.isTTY = isTTY;
    let time = 0;
    const lines = progressLines(written, () => time);
    return { written, lines, pass: (milliseconds: number) => (time += milliseconds) };
  }
  const redraw = () => new Promise((resolve) => setTimeout(resolve, 130));

  it('says nothing of what is over at once', async () => {
    for (const isTTY of [true, false]) {
      const { written, lines, pass } = screen(isTTY);
      lines.progress({ type: 'step', step: 'quick' });
      pass(100);
      await redraw();
      lines.progress({ type: 'done', step: 'quick' });
      lines.close();
      assert.equal(written.text, '');
    }
  });

  it('on a terminal is one line that rewrites itself and leaves a clean screen', async () => {
    const { written, lines, pass } = screen(true);
    lines.progress({
      type: 'amount',
      step: 'fetching',
      done: 5 * 2 ** 20,
      total: 20 * 2 ** 20,
      unit: 'bytes',
    });
    pass(3000);
    await redraw();
    assert.equal(written.text.split('\r\x1b[K').at(-1), '… fetching 5.0/20 MiB (25 %) 3 s');
    lines.close();
    assert.ok(written.text.endsWith('\r\x1b[K') && !written.text.includes('\n'));
  });

  it('elsewhere is whole lines, few of them, without control characters', async () => {
    const { written, lines, pass } = screen(false);
    for (let done = 0; done < 10; done++) {
      lines.progress({ type: 'amount', step: 'fetching', done, total: 10, unit: 'items' });
      pass(400);
    }
    await redraw();
    lines.progress({ type: 'done', step: 'fetched' });
    lines.close();
    assert.equal(written.text, '… fetching 9/10\n✓ fetched (4.0 s)\n');
  });

  it('never writes past the terminal’s width, nor what could steer it', async () => {
    const { written, lines, pass } = screen(true);
    Object.assign(written, { columns: 20 });
    lines.progress({ type: 'step', step: `${EVIL}${'x'.repeat(100)}` });
    pass(1000);
    await redraw();
    lines.progress({ type: 'note', text: EVIL });
    lines.close();
    const shown = written.text.replaceAll('\r\x1b[K', '');
    assert.doesNotMatch(shown, /[\x00-\x09\x0b-\x1f\u202e]/);
    assert.ok((shown.split('pcoder: ')[0] ?? '').length < 20);
  });
});

describe('a report', () => {
  const omitted = { changed: 0, deleted: 0, conflicts: 0, refused: 0, waiting: 0 };
  const none = {
    type: 'report' as const,
    changed: [],
    deleted: [],
    conflicts: [],
    refused: [],
    waiting: [],
    freshWaiting: 0,
    omitted,
  };

  it('of nothing says nothing', () => {
    const { stdout, stderr, given } = context();
    showReport(given, none);
    assert.equal(stdout.text + stderr.text, '');
  });

  it('names a few, counts the rest, and leaves stdout to results', () => {
    const { stdout, stderr, given } = context();
    const many = Array.from({ length: 11 }, (_, index) => `f${index}`);
    showReport(given, {
      ...none,
      changed: many,
      deleted: ['old'],
      conflicts: ['x (from guest)'],
      refused: many.map((path) => ({ path, reason: 'leads out' })),
    });
    assert.equal(stdout.text, '');
    assert.match(stderr.text, /changed in the project: f0, .*f7 and 3 more\n/);
    assert.match(stderr.text, /deleted in the project: old\n/);
    assert.match(stderr.text, /yours stayed.*x \(from guest\)\n/);
    assert.match(stderr.text, /not exchanged: f0 \(leads out\)\n[^]*not exchanged: 3 more\n/);
  });

  it('shows names the guest chose as they are, made harmless', () => {
    const { stderr, given } = context();
    showReport(given, {
      ...none,
      changed: [EVIL],
      deleted: [EVIL],
      conflicts: [EVIL],
      refused: [{ path: EVIL, reason: EVIL }],
    });
    assert.doesNotMatch(stderr.text, /[\x00-\x09\x0b-\x1f\u202e]/);
    assert.equal(stderr.text.split('\n').length, 5);
  });
});

describe('checks', () => {
  const results = [
    { id: 'a', title: 'Good', finding: { result: 'ok' as const, detail: 'fine' } },
    { id: 'b', title: 'Odd', finding: { result: 'warning' as const, detail: 'so so', remedy: 'do this' } },
  ];

  it('are a success while nothing has failed, each unwell one with its remedy', () => {
    const { stdout, given } = context();
    assert.equal(showChecks(given, results, false), 0);
    assert.equal(stdout.text, '✓ Good: fine\n! Odd: so so\n  hint: do this\n');
  });

  it('that failed end with 3, as JSON too', () => {
    const { stdout, given } = context();
    const failed = [
      ...results,
      { id: 'c', title: 'Bad', finding: { result: 'failed' as const, detail: EVIL, remedy: 'mend it' } },
    ];
    assert.equal(showChecks(given, failed, true), 3);
    const told = JSON.parse(stdout.text);
    assert.deepEqual(
      [told.ok, told.checks.map(({ id, result }: { id: string; result: string }) => `${id} ${result}`)],
      [false, ['a ok', 'b warning', 'c failed']],
    );
    const plain = context();
    showChecks(plain.given, failed, false);
    assert.doesNotMatch(plain.stdout.text, /[\x00-\x09\x0b-\x1f\u202e]/);
  });
});

describe('a status', () => {
  it('shows what the guest says of itself, made harmless', () => {
    const guest = {
      pid: 1,
      uptime: 61.4,
      resident: 50 * 2 ** 20,
      kernel: EVIL,
      distribution: EVIL,
      system: EVIL,
      node: EVIL,
    };
    const text = statusText({
      machine: 'default',
      state: 'running',
      supervisor: { pid: 2, resident: 80 * 2 ** 20 },
      run: {
        pid: 3,
        accelerator: 'tcg',
        reason: 'software emulation, because kvm: hung',
        since: 'now',
        start: 'resumed',
        resident: 2 ** 30,
      },
      guest,
      sshPort: 4022,
      sessions: [{ id: 's1', work: EVIL, project: EVIL, state: 'running' }],
      notes: [EVIL],
    });
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\u202e]/);
    for (const part of [
      'machine default: running',
      'tcg (software emulation, because kvm: hung)',
      'process 3, 1024 MiB',
      'up 61 s',
      '127.0.0.1:4022',
      's1 ',
    ])
      assert.ok(text.includes(part), part);
  });
});
