/** One tool call the scripted model asks for. */
export interface Step {
  /** what the model says with it */
  say: string;
  /** the shell command it wants run in the project */
  command: string;
  /** text the command's output must contain for the script to go on */
  expect?: string;
}

export interface Script {
  steps: readonly Step[];
  /** what the model says when every step went as expected */
  closing: string;
}

/** Works on `demo/project`, and on a second run finds the work done and says the same. */
export const DEMO_SCRIPT: Script = {
  steps: [
    {
      say: 'I look at the project and run its test first.',
      command: 'cat temperature.py && python3 -B test_temperature.py; true',
      expect: 'def to_celsius',
    },
    {
      say: 'to_celsius must subtract before it multiplies. I mend that line and note the change.',
      command:
        "sed -i 's|return fahrenheit - 32 \\* 5 / 9|return (fahrenheit - 32) * 5 / 9|' temperature.py && " +
        "echo '- to_celsius: subtract 32 first, then scale.' >> CHANGES.md && echo mended",
      expect: 'mended',
    },
    {
      say: 'Now the test again.',
      command: 'python3 -B test_temperature.py 2>&1',
      expect: 'OK',
    },
    {
      say: 'And I read the changed file back.',
      command: 'cat temperature.py CHANGES.md',
      expect: '(fahrenheit - 32) * 5 / 9',
    },
  ],
  closing: 'The bug in temperature.py is mended, its test passes, and CHANGES.md says what changed.',
};

/** Where a conversation stands: nothing asked yet, or this step's output has just come back. */
export type Position = { at: 'start' } | { at: 'result'; step: number; output: string };

export type Turn =
  | { kind: 'call'; step: number; say: string; command: string }
  | { kind: 'text'; text: string };

/** What the scripted model does next. It never claims to be more than it is. */
export function nextTurn(script: Script, position: Position): Turn {
  if (position.at === 'start') return call(script, 0);
  const { step, output } = position;
  const expected = script.steps[step]?.expect;
  if (expected !== undefined && !output.includes(expected))
    return { kind: 'text', text: unexpected(script, step, expected) };
  return call(script, step + 1);
}

/** What a final answer begins with, for people and for tests. */
export const NOTICE =
  'This is the scripted demo model of Portable Coder, not a real one: it plays a fixed script and understands nothing.';

/** Says what it is in a request that offers no way to run commands (titles, summaries). */
export const SIDE_ANSWER = 'Scripted demo';

function call(script: Script, step: number): Turn {
  const next = script.steps[step];
  if (next !== undefined) return { kind: 'call', step, say: next.say, command: next.command };
  return {
    kind: 'text',
    text: `${NOTICE}\n\n${script.closing}\n\nWhat really ran here:\n${commands(script, script.steps.length)}`,
  };
}

function unexpected(script: Script, step: number, expected: string): string {
  return (
    `${NOTICE}\n\nIts script is written for the sample project and stops here: the output of step ${step + 1} lacks ` +
    `${JSON.stringify(expected)}.\n\nWhat really ran here:\n${commands(script, step + 1)}`
  );
}

function commands(script: Script, count: number): string {
  return script.steps
    .slice(0, count)
    .map((step) => `- \`${step.command}\``)
    .join('\n');
}
