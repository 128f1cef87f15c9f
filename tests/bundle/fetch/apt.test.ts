import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aptConfiguration, hostSettings, openApt, sourceLines } from '../../../src/bundle/fetch/apt.ts';
import { chooseMirrors, findMirrors } from '../../../src/bundle/fetch/apt-mirror.ts';
import { type Reach, realReach } from '../../../src/bundle/fetch/reach.ts';
import { isFault } from '../../../src/fault/fault.ts';

const signal = new AbortController().signal;
const release = {
  distribution: 'debian',
  suite: 'trixie',
  components: ['main'],
  keyring: '/keys.gpg',
} as const;

test("the host's own mirrors are used, known by the folder every mirror has", () => {
  const addresses = [
    'http://one.test/other/',
    'http://one.test/debian-security/',
    'http://one.test/debian',
    'http://two.test/debian/',
  ];
  assert.deepEqual(chooseMirrors('debian', addresses), {
    main: 'http://one.test/debian/',
    security: 'http://one.test/debian-security/',
  });
  assert.equal(chooseMirrors('ubuntu', addresses), undefined);
});

test('the environment overrules the host, and then only it counts', async () => {
  const reach: Reach = {
    ...realReach,
    env: { PCODER_DEBIAN_MIRROR: 'http://mine.test/d' },
    run: () => assert.fail('the host was asked'),
  };
  assert.deepEqual(await findMirrors('debian', reach, signal), {
    main: 'http://mine.test/d/',
    security: undefined,
  });
});

test('without any mirror the person is told which variable to set', async () => {
  const reach: Reach = { ...realReach, env: {}, run: async () => 'http://one.test/debian/\n' };
  await assert.rejects(findMirrors('ubuntu', reach, signal), (error) => {
    return isFault(error, 'prerequisite-missing') && /PCODER_UBUNTU_MIRROR/.test(error.hint ?? '');
  });
});

test('security updates are part of the sources', () => {
  assert.deepEqual(
    sourceLines(release, { main: 'http://m.test/debian/', security: 'http://m.test/debian-security/' }),
    [
      'deb http://m.test/debian/ trixie main',
      'deb http://m.test/debian/ trixie-updates main',
      'deb http://m.test/debian-security/ trixie-security main',
    ],
  );
  const ubuntu = { ...release, distribution: 'ubuntu', suite: 'noble' } as const;
  assert.ok(
    sourceLines(ubuntu, { main: 'http://m.test/ubuntu/', security: undefined }).includes(
      'deb http://m.test/ubuntu/ noble-security main',
    ),
  );
});

test("the host's proxies are taken over, its hooks are not", () => {
  const dump =
    'Acquire::http::Proxy "http://proxy.test:3128";\nAPT::Update::Post-Invoke:: "rm -f /x";\nAcquire::http "";\nAcquire::Languages "";\n';
  assert.deepEqual(hostSettings(dump), ['Acquire::http::Proxy "http://proxy.test:3128";']);
});

test('only the named keyring is trusted, and only strong digests are given', () => {
  const text = aptConfiguration('/a folder/é', '/keys.gpg', []);
  for (const line of [
    'Dir::State "/a folder/é";',
    'Dir::Etc::trusted "/keys.gpg";',
    'Dir::Etc::trustedparts "/dev/null";',
    'Acquire::ForceHash "SHA256";',
  ]) {
    assert.ok(text.split('\n').includes(line), line);
  }
});

test('a folder name that would break out of the configuration is refused', () => {
  assert.throws(() => aptConfiguration('/a"; APT::Update::Pre-Invoke "x', '/k', []), {
    code: 'folder-unwritable',
  });
});

test('missing signing keys are told with the command that brings them', async () => {
  const opened = openApt('/nowhere', { ...release, keyring: '/no/such/key.gpg' }, realReach, signal);
  await assert.rejects(
    opened,
    (error) => isFault(error, 'prerequisite-missing') && /debian-archive-keyring/.test(error.hint ?? ''),
  );
});
