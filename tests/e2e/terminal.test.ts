import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { makeScene, ROOT, until } from './scene.ts';

/** One tmux server of the test's own: a real terminal to sit at. */
const SOCKET = `pcoder-test-${process.pid}`;
const tmux = async (...args: string[]) => (await execa('tmux', ['-L', SOCKET, ...args])).stdout;
const screen = () => tmux('capture-pane', '-p', '-t', 'main');
const type = (...keys: string[]) => tmux('send-keys', '-t', 'main', ...keys);

let scene: Awaited<ReturnType<typeof makeScene>>;
before(async () => {
  scene = await makeScene();
  await execa(
    'tmux',
    [
      '-L',
      SOCKET,
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-s',
      'main',
      '-x',
      '110',
      '-y',
      '32',
      'bash --norc',
    ],
    {
      cwd: scene.project,
      env: { PCODER_STATE: scene.state },
    },
  );
});
after(async () => {
  await execa('tmux', ['-L', SOCKET, 'kill-server'], { reject: false });
  await scene[Symbol.asyncDispose]();
});

/** @throws Error with the screen as it stood, when it never shows this */
async function shows(what: RegExp, within = 30_000): Promise<void> {
  await until(`the screen shows ${what}`, async () => what.test(await screen()), within).catch(
    async (error: unknown) => {
      throw new Error(`${error}; it showed:\n${await screen()}`);
    },
  );
}

/** What the terminal is set to, as the shell in it sees it. */
async function settings(mark: string): Promise<string> {
  await type(`clear; stty -a | tr '\\n' ' '; echo; echo ${mark}`, 'Enter');
  await until('the shell answers', async () => (await screen()).includes(`\n${mark}`), 20_000);
  return (await screen()).split(mark)[0] ?? '';
}

/** Without the size, and without the line breaks that follow from it. */
function bare(text: string): string {
  return text.replace(/rows \d+; columns \d+/, '').replaceAll(/\s/g, '');
}

describe('a person at a terminal', () => {
  test('claude shows its screen, takes a prompt, follows a resize, leaves with Ctrl-C twice and gives the terminal back', async () => {
    const before = await settings('marked-1');
    await type(`clear; ${ROOT}/pcoder run claude --profile demo`, 'Enter');
    await until(
      'claude shows its prompt',
      async () => /demo|Claude Code/i.test(await screen()) && /[>❯]/.test(await screen()),
      180_000,
    );
    await tmux('resize-window', '-t', 'main', '-x', '90', '-y', '28');
    await until('claude draws for the new size', async () => {
      const lines = (await screen()).split('\n');
      return lines.length <= 28 && lines.some((line) => /[─╭│>❯]/.test(line));
    });
    await type('mend the bug');
    await shows(/mend the bug/, 60_000);
    await type('Enter');
    await until(
      'the scripted model has answered',
      async () => /scripted demo model/.test(await screen()),
      180_000,
    );
    await type('C-c');
    await until(
      'claude asks for the second Ctrl-C',
      async () => /again to exit/i.test(await screen()),
      30_000,
    );
    await type('C-c');
    await until(
      'the shell is back',
      async () => /pcoder: changed in the project/.test(await screen()),
      60_000,
    );
    await type('echo code=$?', 'Enter');
    await shows(/code=0/);
    const afterwards = await settings('marked-2');
    assert.equal(bare(afterwards), bare(before));
  });

  test('a shell in the guest has the terminal’s size, passes Ctrl-C to its program and ends with its code', async () => {
    await type(`clear; ${ROOT}/pcoder shell --exchange none`, 'Enter');
    await shows(/portable@pcoder/, 60_000);
    await type('stty size; sleep 500', 'Enter');
    await shows(/28 90/);
    await tmux('resize-window', '-t', 'main', '-x', '100', '-y', '30');
    await type('C-c');
    await type('stty size; exit 3', 'Enter');
    await shows(/30 100/);
    // Keys typed before that would still go to the guest.
    await shows(/bash-[\d.]+[#$] *\s*$/);
    await type('echo code=$?', 'Enter');
    await shows(/code=3/);
  });
});
