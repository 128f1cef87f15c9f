import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Folder } from '../../src/bundle/folder.ts';
import { isFault } from '../../src/fault/fault.ts';
import { allowedHosts, endpointOf, withScriptedPort } from '../../src/tools/endpoint.ts';
import { profileSchema } from '../../src/tools/profile.ts';
import { listProfiles, loadProfile } from '../../src/tools/profiles.ts';
import { TOOLS } from '../../src/tools/registry.ts';

let home: string;
let folder: Folder;

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'pcoder-profiles-'));
  folder = { root: home, state: join(home, 'state') };
  await cp(join(import.meta.dirname, '../../profiles'), join(home, 'profiles'), { recursive: true });
  await mkdir(join(folder.state, 'profiles'), { recursive: true });
});
after(() => rm(home, { recursive: true }));

async function own(name: string, content: unknown): Promise<void> {
  await writeFile(join(folder.state, 'profiles', `${name}.json`), JSON.stringify(content));
}

const PROXY = {
  name: 'proxy',
  description: 'x',
  apis: { 'anthropic-messages': { baseUrl: 'https://proxy.example:8443/a' } },
};

describe('profiles', () => {
  it('every built-in profile fits the schema, and every tool has its default', async () => {
    for (const name of ['anthropic', 'openai', 'demo'])
      assert.equal((await loadProfile(folder, name)).name, name);
    for (const tool of TOOLS) endpointOf(await loadProfile(folder, tool.defaultProfile), tool.api);
  });

  it('a profile of the user stands before the built-in one of that name', async () => {
    await own('openai', { ...PROXY, name: 'openai', description: 'mine' });
    assert.equal((await loadProfile(folder, 'openai')).description, 'mine');
    await rm(join(folder.state, 'profiles', 'openai.json'));
    assert.notEqual((await loadProfile(folder, 'openai')).description, 'mine');
  });

  it('an unknown name is a fault that lists all there are, each once', async () => {
    await own('proxy', PROXY);
    assert.deepEqual(await listProfiles(folder), ['anthropic', 'demo', 'openai', 'proxy']);
    for (const name of ['nope', '../profiles/demo', '', '/etc/passwd']) {
      await assert.rejects(
        loadProfile(folder, name),
        (error) =>
          isFault(error, 'profile-unknown') && error.hint === 'profiles: anthropic, demo, openai, proxy',
      );
    }
  });

  it('a profile that calls itself something else, or is damaged, is a config fault naming the file', async () => {
    await own('alias', PROXY);
    await assert.rejects(
      loadProfile(folder, 'alias'),
      (error) => isFault(error, 'config-invalid') && /alias\.json/.test(error.message),
    );
    await own('alias', { ...PROXY, name: 'alias', key: 'sk-1' });
    await assert.rejects(loadProfile(folder, 'alias'), (error) => isFault(error, 'config-invalid'));
    await rm(join(folder.state, 'profiles', 'alias.json'));
  });
});

describe('a base URL', () => {
  const fits = (baseUrl: string) =>
    profileSchema.safeParse({
      ...PROXY,
      scripted: baseUrl.includes('{port}'),
      apis: { 'openai-responses': { baseUrl } },
    }).success;

  it('is https, or http for the host itself with a port', () => {
    for (const good of [
      'https://a.example',
      'https://a.example/v1',
      'http://host.pcoder.internal:{port}/v1',
      'http://host.pcoder.internal:1234',
    ]) {
      assert.ok(fits(good), good);
    }
    for (const bad of [
      'http://a.example',
      'http://host.pcoder.internal',
      'https://me:pw@a.example',
      'https://a.example?k=1',
      'file:///etc/passwd',
      'a.example',
      '',
    ]) {
      assert.ok(!fits(bad), bad);
    }
  });

  it('has the placeholder port in a scripted profile and in no other', () => {
    const apis = (baseUrl: string) => ({ 'anthropic-messages': { baseUrl } });
    const fixed = apis('http://host.pcoder.internal:1234');
    const placeholder = apis('http://host.pcoder.internal:{port}');
    assert.ok(!profileSchema.safeParse({ ...PROXY, scripted: true, apis: fixed }).success);
    assert.ok(!profileSchema.safeParse({ ...PROXY, scripted: false, apis: placeholder }).success);
  });

  it('never makes the schema throw, whatever stands there', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.webUrl()), (text) => void fits(text)));
  });
});

describe('allowed hosts', () => {
  it('are those of the base URL, of the API and of the profile, each once and nothing else', () => {
    const profile = profileSchema.parse({
      ...PROXY,
      apis: {
        'anthropic-messages': {
          baseUrl: 'https://proxy.example:8443/a',
          hosts: [{ name: 'login.example', port: 443 }],
        },
      },
      hosts: [
        { name: 'proxy.example', port: 8443 },
        { name: 'proxy.example', port: 443 },
      ],
    });
    assert.deepEqual(allowedHosts(profile, { api: 'anthropic-messages' }), [
      { name: 'proxy.example', port: 8443 },
      { name: 'login.example', port: 443 },
      { name: 'proxy.example', port: 443 },
    ]);
  });

  it('of a provider on the usual port name that port', async () => {
    const profile = await loadProfile(folder, 'anthropic');
    assert.deepEqual(allowedHosts(profile, { api: 'anthropic-messages' }), [
      { name: 'api.anthropic.com', port: 443 },
    ]);
  });

  it('of the demo profile are the scripted model alone, once its port is known', async () => {
    const demo = await loadProfile(folder, 'demo');
    assert.throws(() => allowedHosts(demo, { api: 'openai-responses' }), /no port yet/);
    const running = withScriptedPort(demo, 4242);
    assert.deepEqual(allowedHosts(running, { api: 'openai-responses' }), [
      { name: 'host.pcoder.internal', port: 4242 },
    ]);
  });

  it('of an API the profile does not speak are a config fault', async () => {
    const profile = await loadProfile(folder, 'anthropic');
    assert.throws(
      () => allowedHosts(profile, { api: 'openai-responses' }),
      (error) => isFault(error, 'config-invalid'),
    );
  });
});
