import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, readlink, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { type ScriptedModel, startScriptedModel } from '../../src/tools/scripted-model/server.ts';
import { makeScene, until } from './scene.ts';

let scene: Awaited<ReturnType<typeof makeScene>>;
let model: ScriptedModel;

/** What the agent is told to do: new files, edits of files the host switches under it, removals. */
const STEPS = [
  'mkdir -p agent && for n in 1 2 3 4 5 6 7 8; do echo "$n" > agent/$n; sleep 0.3; done; echo done-1',
  'for n in 1 2 3 4 5; do echo "line $n" >> shared.txt; sleep 0.4; done; echo done-2',
  'rm agent/3 agent/4; mv agent/5 agent/moved; sed -i s/one/two/ src/code.js 2>/dev/null; echo done-3',
];

before(async () => {
  scene = await makeScene();
  model = await startScriptedModel({
    keepRequests: 20,
    script: {
      steps: STEPS.map((command, index) => ({ say: `Step ${index}.`, command, expect: `done-${index + 1}` })),
      closing: 'All was done.',
    },
  });
  const profile = {
    name: 'stand-in',
    description: 'the tests’ own model',
    apis: {
      'anthropic-messages': {
        baseUrl: `http://host.pcoder.internal:${model.port}`,
        keyEnvironment: ['ANTHROPIC_API_KEY'],
      },
    },
    models: { claude: 'stand-in-model' },
  };
  await mkdir(join(scene.state, 'profiles'), { recursive: true });
  await writeFile(join(scene.state, 'profiles', 'stand-in.json'), JSON.stringify(profile));
});
after(async () => {
  await scene[Symbol.asyncDispose]();
  await model.close();
});

test('while a real agent works, the host may switch branches, install packages and save files, and both sides agree at the end', {
  timeout: 600_000,
}, async () => {
  await makeRepository();
  const run = scene.start(['run', 'claude', '--profile', 'stand-in', '--', '-p', 'work'], {
    env: { ANTHROPIC_API_KEY: 'sk-not-a-real-one' },
  });
  let running = true;
  run.done.finally(() => {
    running = false;
  });
  await until('the agent has begun', () => exists('agent/1') || !running, 300_000);
  for (let round = 0; running && round < 6; round += 1) {
    await execa('git', ['switch', '-q', '-f', round % 2 === 0 ? 'other' : 'main'], { cwd: scene.project });
    await save('notes.md', `round ${round}\n`);
    if (round === 1)
      await execa('npm', ['install', '--offline', '--no-audit', '--no-fund', './vendored'], {
        cwd: scene.project,
      });
  }
  const { code, stderr, stdout } = await run.done;
  assert.equal(code, 0, stderr);
  assert.match(stdout.toString(), /All was done/);
  assert.equal(await scene.file('agent/moved'), '5\n');
  assert.equal(await scene.file('notes.md').then((text) => text.startsWith('round')), true);
  assert.ok(!(await exists('agent/3')));

  // Once more, so that what the host did last is there as well.
  await scene.pcoder(['exec', '--', 'true']);
  const guest = await scene.pcoder(['exec', '--exchange', 'none', '--', 'sh', '-ec', LIST]);
  assert.equal(guest.code, 0, guest.stderr);
  assert.deepEqual(guest.stdout.toString().trim().split('\n').sort(), await hostList(''));
});

async function makeRepository(): Promise<void> {
  const git = (...args: string[]) =>
    execa('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.invalid', ...args], {
      cwd: scene.project,
    });
  await git('init', '-q', '-b', 'main');
  await scene.put('src/code.js', 'one\n');
  await scene.put('shared.txt', 'shared\n');
  await scene.put('vendored/package.json', '{"name":"vendored","version":"1.0.0"}\n');
  await scene.put('package.json', '{"name":"project","version":"1.0.0"}\n');
  await git('add', '.');
  await git('commit', '-qm', 'first');
  await git('switch', '-qc', 'other');
  await scene.put('src/other.js', 'other\n');
  await scene.put('src/code.js', 'one, on the other branch\n');
  await git('add', '.');
  await git('commit', '-qm', 'second');
  await git('switch', '-q', 'main');
}

/** As editors save: a new file beside it, renamed over it. */
async function save(path: string, content: string): Promise<void> {
  await writeFile(join(scene.project, `.${path}.swp`), content);
  await rename(join(scene.project, `.${path}.swp`), join(scene.project, path));
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(join(scene.project, path)).catch(() => undefined)) !== undefined;
}

/** Every file with its digest, every link with its target; what is not exchanged left out. */
const LIST = `find . \\( -name .git -o -name node_modules \\) -prune -o -type f -print -o -type l -print | while read -r f; do
  if [ -L "$f" ]; then echo "\${f#./} -> $(readlink "$f")"; else echo "\${f#./} $(sha256sum < "$f" | cut -d' ' -f1)"; fi
done`;

async function hostList(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(scene.project, folder), { withFileTypes: true })) {
    if (['.git', 'node_modules'].includes(entry.name)) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    const onDisk = join(scene.project, path);
    if (entry.isDirectory()) found.push(...(await hostList(path)));
    else if (entry.isSymbolicLink()) found.push(`${path} -> ${await readlink(onDisk)}`);
    else
      found.push(
        `${path} ${createHash('sha256')
          .update(await readFile(onDisk))
          .digest('hex')}`,
      );
  }
  return found.sort();
}
