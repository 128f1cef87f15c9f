import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { claude } from '../../src/tools/claude.ts';
import { request } from './launch-request.ts';

describe('claude in the guest', () => {
  it('starts the mounted program, asks nobody, and keeps its state in its own folder', () => {
    const { argv, env } = claude.launch(request({ args: ['-p', 'hello'] }));
    assert.deepEqual(argv, [
      '/opt/pcoder/apps/claude/claude',
      '--dangerously-skip-permissions',
      '-p',
      'hello',
    ]);
    assert.equal(env.CLAUDE_CONFIG_DIR, '/home/portable/.pcoder-auth/claude');
    assert.equal(env.DISABLE_AUTOUPDATER, '1');
    assert.equal(env.CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC, '1');
    assert.equal(env.ANTHROPIC_BASE_URL, 'https://provider.example');
  });

  it('does not repeat or contradict a permission flag of the user', () => {
    for (const args of [
      ['--dangerously-skip-permissions'],
      ['--permission-mode', 'plan'],
      ['--permission-mode=plan'],
      ['--restricted'],
    ]) {
      assert.deepEqual(claude.launch(request({ args })).argv.slice(1), args);
    }
  });

  it('leaves subcommands as they are', () => {
    assert.deepEqual(claude.launch(request({ args: ['mcp', 'list'] })).argv.slice(1), ['mcp', 'list']);
  });

  it('adds nothing to a question about the program itself, which it answers at once only when it stands alone', () => {
    for (const question of ['--version', '-v', '--help', '-h'])
      assert.deepEqual(claude.launch(request({ args: [question], scripted: true })).argv.slice(1), [
        question,
      ]);
  });

  it('turns the expensive compiler off on an emulated processor only', () => {
    assert.equal(claude.launch(request({ emulated: true })).env.BUN_JSC_useDFGJIT, '0');
    assert.equal(claude.launch(request({ emulated: false })).env.BUN_JSC_useDFGJIT, undefined);
  });

  it('gives an API key in its own variable, and through the helper when a person would be asked about it', () => {
    const keyName = 'ANTHROPIC_API_KEY';
    assert.deepEqual(claude.launch(request({ keyName })).secrets, { ANTHROPIC_API_KEY: keyName });
    const interactive = claude.launch(request({ keyName, interactive: true }));
    assert.deepEqual(interactive.secrets, { PCODER_CLAUDE_KEY: keyName });
    assert.deepEqual(interactive.argv.slice(2), [
      '--settings',
      '{"apiKeyHelper":"printenv PCODER_CLAUDE_KEY"}',
    ]);
    const own = claude.launch(request({ keyName, interactive: true, args: ['--settings', 'mine.json'] }));
    assert.deepEqual(own.argv.slice(2), ['--settings', 'mine.json']);
  });

  it('gives tokens unchanged and the key of another provider as a bearer token', () => {
    const token = 'CLAUDE_CODE_OAUTH_TOKEN';
    assert.deepEqual(claude.launch(request({ keyName: token, interactive: true })).secrets, {
      [token]: token,
    });
    assert.deepEqual(claude.launch(request({ keyName: 'OTHER_KEY' })).secrets, {
      ANTHROPIC_AUTH_TOKEN: 'OTHER_KEY',
    });
  });

  it('has the dialogs of a first run answered, without overwriting what the tool keeps itself', () => {
    const files = Object.fromEntries(claude.launch(request()).files.map((file) => [file.path, file]));
    assert.equal(JSON.parse(files['.claude.json']?.content ?? '').hasCompletedOnboarding, true);
    assert.ok(Object.values(files).every((file) => file.when === 'absent'));
    assert.equal(JSON.parse(files['settings.json']?.content ?? '').skipDangerousModePermissionPrompt, true);
  });

  it('needs no key from the host for a scripted profile', () => {
    const { env, secrets } = claude.launch(request({ scripted: true, keyName: 'ANTHROPIC_API_KEY' }));
    assert.deepEqual(secrets, {});
    assert.match(env.ANTHROPIC_AUTH_TOKEN ?? '', /scripted/);
    assert.equal(env.ANTHROPIC_MODEL, 'some-model');
  });
});

describe('claude on the host', () => {
  it('is left entirely alone with its default profile', () => {
    const launch = claude.launch(
      request({
        place: 'host',
        name: 'anthropic',
        configFolder: undefined,
        keyName: 'ANTHROPIC_API_KEY',
        args: ['-p', 'x'],
      }),
    );
    assert.deepEqual(launch, { argv: ['claude', '-p', 'x'], env: {}, secrets: {}, files: [] });
  });

  it('reaches a provider on the host by its loopback address and keeps asking for permissions', () => {
    const { argv, env } = claude.launch(
      request({ place: 'host', baseUrl: 'http://host.pcoder.internal:4242' }),
    );
    assert.equal(env.ANTHROPIC_BASE_URL, 'http://127.0.0.1:4242');
    assert.deepEqual(argv, ['claude']);
  });
});
