import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ScriptedModel, startScriptedModel } from '../../src/tools/scripted-model/server.ts';
import { makeScene, until } from './scene.ts';

/** A key that could be real: nothing but the stand-in may ever see it. */
const CANARY = 'sk-canary-7Yq2vXw81LmZr5TtN0cBpUe4';

let scene: Awaited<ReturnType<typeof makeScene>>;
let model: ScriptedModel;
before(async () => {
  scene = await makeScene();
  model = await startScriptedModel({
    keepRequests: 50,
    script: {
      steps: [
        {
          say: 'First I write a file.',
          command: "printf 'made in the guest\\n' > made.txt && echo written",
          expect: 'written',
        },
        { say: 'Then I run a command.', command: 'uname -s && wc -c < given.txt', expect: 'Linux' },
        { say: 'And read it back.', command: 'cat made.txt', expect: 'made in the guest' },
      ],
      closing: 'All three steps were done.',
    },
  });
  const baseUrl = `http://host.pcoder.internal:${model.port}`;
  const profile = {
    name: 'stand-in',
    description: 'the tests’ own model',
    apis: {
      'anthropic-messages': { baseUrl, keyEnvironment: ['ANTHROPIC_API_KEY'] },
      'openai-responses': { baseUrl: `${baseUrl}/v1`, keyEnvironment: ['OPENAI_API_KEY'] },
    },
    models: { claude: 'stand-in-model', codex: 'stand-in-model' },
  };
  await mkdir(join(scene.state, 'profiles'), { recursive: true });
  await writeFile(join(scene.state, 'profiles', 'stand-in.json'), JSON.stringify(profile));
});
after(async () => {
  await scene[Symbol.asyncDispose]();
  await model.close();
});

const CASES = [
  { tool: 'claude', key: 'ANTHROPIC_API_KEY', args: ['-p', 'do the three steps'] },
  { tool: 'codex', key: 'OPENAI_API_KEY', args: ['exec', 'do the three steps'] },
];

describe('the real agents against a stand-in model', () => {
  for (const { tool, key, args } of CASES) {
    test(`${tool} makes real tool calls in the guest and its file arrives in the project`, async () => {
      await scene.put('given.txt', '12345');
      await rm(join(scene.project, 'made.txt'), { force: true });
      const { code, stdout, stderr } = await scene.pcoder(
        ['run', tool, '--profile', 'stand-in', '--', ...args],
        { env: { [key]: CANARY } },
      );
      assert.equal(code, 0, stderr);
      assert.match(stdout.toString(), /All three steps were done/);
      assert.equal(await scene.file('made.txt'), 'made in the guest\n');
      assert.match(stderr, /changed in the project: made\.txt/);
      assert.ok(model.requests.length >= 4, `${model.requests.length} requests`);
    });

    test(`${tool} without a key is told which variable to set, before anything starts`, async () => {
      const { code, stderr } = await scene.pcoder(['run', tool, '--profile', 'stand-in'], {
        env: { [key]: '' },
      });
      assert.equal(code, 4);
      assert.match(stderr, new RegExp(`${key}`));
      assert.match(stderr, /^hint: /m);
    });
  }

  test('every connection of the sessions is in their egress log, with its rule', async () => {
    const logs = await Promise.all(
      (await readdir(join(scene.state, 'sessions'))).map((id) =>
        readFile(join(scene.state, 'sessions', id, 'egress.jsonl'), 'utf8').catch(() => ''),
      ),
    );
    const records = logs
      .join('')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const allowed = records.filter(({ verdict }) => verdict === 'allowed');
    assert.ok(allowed.length >= 2);
    for (const record of allowed) {
      assert.equal(record.rule, `profile stand-in: host.pcoder.internal:${model.port}`);
      assert.equal(record.address, '127.0.0.1');
    }
  });

  test('the key is in no file of the state folder, no log and no process’s arguments', async () => {
    const hidden = Buffer.from(CANARY);
    for (const file of await filesBelow(scene.state)) {
      const content = await readFile(file);
      assert.equal(content.includes(hidden), false, file);
    }
    for (const entry of await readdir('/proc')) {
      const command = await readFile(`/proc/${entry}/cmdline`).catch(() => Buffer.alloc(0));
      assert.equal(command.includes(hidden), false, entry);
    }
    assert.ok(JSON.stringify(model.requests).length > 0);
  });

  test('two runs at once on one machine both end well and lose nothing', async () => {
    const env = { ANTHROPIC_API_KEY: CANARY };
    const results = await Promise.all(
      [1, 2].map(() =>
        scene.pcoder(['run', 'claude', '--profile', 'stand-in', '--', '-p', 'do the three steps'], { env }),
      ),
    );
    for (const { code, stderr } of results) assert.equal(code, 0, stderr);
    assert.equal(await scene.file('made.txt'), 'made in the guest\n');
    assert.equal(await scene.file('given.txt'), '12345');
  });

  test('the demo works without key or network and says that its model is scripted', async () => {
    const { code, stdout, stderr } = await scene.pcoder([
      'run',
      'claude',
      '--profile',
      'demo',
      '--',
      '-p',
      'mend the bug',
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout.toString(), /scripted demo model/);
    assert.match(stderr, /not a real one/);
    await until(
      'the sample project is mended',
      async () =>
        (await readFile(join(scene.state, 'demo/project/temperature.py'), 'utf8')).includes(
          '(fahrenheit - 32) * 5 / 9',
        ),
      5000,
    );
  });
});

/** The machine’s disk is among them. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
