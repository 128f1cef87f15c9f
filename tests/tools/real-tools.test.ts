import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { withScriptedPort } from '../../src/tools/endpoint.ts';
import { loadProfile } from '../../src/tools/profiles.ts';
import { findTool } from '../../src/tools/registry.ts';
import { startScriptedModel } from '../../src/tools/scripted-model/server.ts';
import { startStandInProxy } from '../stand-in/proxy.ts';

const programs = process.env.PCODER_TEST_TOOLS;
const skip =
  programs === undefined && 'set PCODER_TEST_TOOLS to a folder with the programs `claude` and `codex`';
const root = join(import.meta.dirname, '../..');

describe('the real tools with the scripted model, through a proxy with a password', { skip }, () => {
  for (const [name, args] of [
    ['claude', ['-p', 'mend the test']],
    ['codex', ['exec', 'mend the test']],
  ] as const) {
    it(`${name} mends the sample project and asks the proxy for nothing but the model`, async () => {
      const home = await mkdtemp(join(tmpdir(), `pcoder-${name}-`));
      const model = await startScriptedModel();
      const proxy = await startStandInProxy();
      try {
        const { project, stdout } = await run(name, args, home, model.port, proxy.url);
        assert.match(stdout, /scripted demo model/);
        assert.match(await readFile(join(project, 'CHANGES.md'), 'utf8'), /to_celsius/);
        for (const asked of proxy.asked) {
          assert.ok(asked.authorized);
          assert.ok(asked.target.startsWith(`http://host.pcoder.internal:${model.port}/v1/`), asked.target);
        }
        assert.ok(proxy.asked.length >= 5);
      } finally {
        await proxy.close();
        await model.close();
        await rm(home, { recursive: true, force: true });
      }
    });
  }
});

async function run(name: string, args: readonly string[], home: string, port: number, proxy: string) {
  const project = join(home, 'project');
  const configFolder = join(home, 'config');
  await cp(join(root, 'demo/project'), project, { recursive: true });
  await mkdir(configFolder);
  const profile = withScriptedPort(await loadProfile({ root, state: join(home, 'state') }, 'demo'), port);
  const launch = findTool(name).launch({
    place: 'guest',
    profile,
    keyName: undefined,
    args,
    interactive: false,
    emulated: false,
    cwd: project,
    configFolder,
  });
  for (const file of launch.files) await writeFile(join(configFolder, file.path), file.content);
  const env = {
    ...launch.env,
    HOME: home,
    PATH: process.env.PATH,
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    // claude refuses to go without permissions as root unless it is told of a sandbox
    IS_SANDBOX: '1',
  };
  const child = promisify(execFile)(join(programs ?? '', name), launch.argv.slice(1), {
    cwd: project,
    env,
    timeout: 60_000,
  });
  // codex reads a piped stdin to its end
  child.child.stdin?.end();
  const { stdout } = await child;
  return { project, stdout };
}
