import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codex } from '../../src/tools/codex.ts';
import { request } from './launch-request.ts';

const BYPASS = '--dangerously-bypass-approvals-and-sandbox';
const PROGRAM = '/opt/pcoder/apps/codex/vendor/x86_64-unknown-linux-musl/bin/codex';

describe('codex in the guest', () => {
  it('puts its options after `exec` and before what the user said', () => {
    const { argv, env } = codex.launch(request({ tool: 'codex', args: ['exec', '--json', 'hello'] }));
    assert.deepEqual(argv.slice(0, 3), [PROGRAM, 'exec', '-c']);
    assert.deepEqual(argv.slice(-4), [BYPASS, '--skip-git-repo-check', '--json', 'hello']);
    assert.equal(env.CODEX_HOME, '/home/portable/.pcoder-auth/codex');
  });

  it('names the provider, the variable of its key and the model', () => {
    const { argv, secrets } = codex.launch(request({ tool: 'codex', keyName: 'OTHER_KEY' }));
    const provider =
      '{name="provider",base_url="https://provider.example",env_key="OTHER_KEY",wire_api="responses"}';
    assert.ok(argv.includes('model_provider="pcoder"'));
    assert.ok(argv.includes(`model_providers.pcoder=${provider}`));
    assert.ok(argv.includes('model="some-model"'));
    assert.deepEqual(secrets, { OTHER_KEY: 'OTHER_KEY' });
  });

  it('trusts the project folder, whatever its name', () => {
    assert.ok(
      codex
        .launch(request({ cwd: '/w/a "b" ü' }))
        .argv.includes(String.raw`projects={"/w/a \"b\" ü"={trust_level="trusted"}}`),
    );
  });

  it('does not repeat or contradict what the user said about permissions', () => {
    for (const flag of [BYPASS, '--sandbox=read-only', '-s', '-a', '--approve-for-me']) {
      const { argv } = codex.launch(request({ args: ['exec', flag] }));
      assert.equal(argv.filter((arg) => arg === BYPASS).length, flag === BYPASS ? 1 : 0);
    }
    const { argv } = codex.launch(request({ args: ['exec', '--skip-git-repo-check'] }));
    assert.equal(argv.filter((arg) => arg === '--skip-git-repo-check').length, 1);
  });

  it('leaves nothing running behind an interactive session, and asks nothing of subcommands that are none', () => {
    assert.ok(codex.launch(request({ interactive: true })).argv.includes('--no-daemon'));
    const { argv } = codex.launch(request({ args: ['mcp', 'list'] }));
    assert.deepEqual(argv.slice(-2), ['mcp', 'list']);
    assert.ok(!argv.includes(BYPASS));
  });

  it('gets a catalogue with the scripted model, and no key from the host', () => {
    const { argv, env, files, secrets } = codex.launch(
      request({ tool: 'codex', scripted: true, keyName: 'OPENAI_API_KEY' }),
    );
    assert.deepEqual(secrets, {});
    assert.match(env.OPENAI_API_KEY ?? '', /scripted/);
    assert.equal(JSON.parse(files[0]?.content ?? '').models[0].slug, 'some-model');
    assert.ok(argv.includes('model_catalog_json="/home/portable/.pcoder-auth/codex/pcoder-models.json"'));
  });
});

describe('codex on the host', () => {
  it('is left entirely alone with its default profile', () => {
    const launch = codex.launch(
      request({
        place: 'host',
        name: 'openai',
        configFolder: undefined,
        keyName: 'OPENAI_API_KEY',
        args: ['resume', '--last'],
      }),
    );
    assert.deepEqual(launch, { argv: ['codex', 'resume', '--last'], env: {}, secrets: {}, files: [] });
  });

  it('keeps its own sandbox and approvals with another profile', () => {
    const { argv } = codex.launch(request({ place: 'host', baseUrl: 'http://host.pcoder.internal:4242/v1' }));
    assert.ok(!argv.includes(BYPASS));
    assert.ok(argv.some((arg) => arg.includes('base_url="http://127.0.0.1:4242/v1"')));
  });
});
